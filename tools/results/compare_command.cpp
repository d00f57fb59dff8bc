// `upcycle compare STUDY`

#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "results/comparison/compare_study.h"
#include "results/evidence/study_effects.h"
#include "results/export/cell_source.h"
#include "results/export/comparison_json.h"
#include "results/export/table_forms.h"
#include "results/ledger/ledger_reader.h"
#include "results/tables/terminal.h"
#include "results/tables/terminal_text.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/state_options.h"
#include "tools/terminal/table_options.h"
#include "tools/terminal/terminal_layout.h"

namespace upcycle {
namespace {

std::string CellText(LedgerReader& ledger, const Comparison& comparison, const std::string& cell,
                     const fs::path& stages, bool json) {
  const CellSource source = TraceCell(ledger, comparison, cell);
  return json ? ToJson(source, stages.native()) : ToText(source, stages.native());
}

// Throws Error(kInput) where the study has none.
StudyEffects ReadEffects(LedgerReader& ledger, const Comparison& comparison) {
  const std::string recipe = ledger.ReadRecipe(ledger.ReadStudy(comparison.study));
  StudyEffects effects = EffectsOf(comparison, nlohmann::json::parse(recipe));
  if (!effects.why_not.empty()) {
    throw Error(Cause::kInput, fmt::format("--effects: {}", effects.why_not));
  }
  return effects;
}

std::string TablesText(const Comparison& comparison, const StudyEffects* effects) {
  const TerminalLayout layout = LayoutOfOutput();
  std::string text;
  for (const Table& table : TablesOf(comparison)) {
    if (!text.empty()) text += "\n";
    text += ToTerminal(table, layout);
  }
  if (effects == nullptr) return text;
  for (const Table& table : effects->tables) text.append("\n").append(ToTerminal(table, layout));
  return fmt::format("{}\n{}\n", text, Wrapped(effects->introduction, layout.width, 0));
}

}  // namespace

int CompareCommand(const Arguments& arguments) {
  std::string study;
  std::string cell;
  StateOptions state;
  TableOptions table;
  bool asks_effects = false;
  bool json = false;
  CommandLine line(
      "compare STUDY [options]",
      "The study's arms with means and intervals over seeds, their paired differences from the\n"
      "baseline, and whether these are decided.");
  line.Positional("STUDY", &study, "a recipe's name");
  state.Declare(line);
  table.Declare(line);
  line.Flag("effects", &asks_effects,
            "what each setting of a grid, or each change of an ablation, is worth");
  line.Option("cell", &cell,
              "ARM,COLUMN: the runs behind that cell, its pairs, and how it was made of them");
  line.Flag("json", &json, "everything in full precision");
  line.Parse(arguments);
  LedgerReader ledger(state.Ledger());
  const Comparison comparison = CompareStudy(ledger, study, table.Asked());
  if (!cell.empty()) {
    const fs::path stages = fs::path(state.root) / "stages";
    fmt::print("{}", CellText(ledger, comparison, cell, stages, json));
    return kExitDone;
  }
  std::optional<StudyEffects> effects;
  if (asks_effects) effects = ReadEffects(ledger, comparison);
  const StudyEffects* shown = effects ? &*effects : nullptr;
  fmt::print("{}", json ? ToJson(comparison, shown) : TablesText(comparison, shown));
  return kExitDone;
}

}  // namespace upcycle
