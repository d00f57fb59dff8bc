// `upcycle explain RECIPE|STUDY [RUN...]`: why runs will run, wait, or are passed over.

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "experiments/study/study.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/schema.h"
#include "tools/commands.h"
#include "tools/study/explanation_text.h"
#include "tools/terminal/recipe_options.h"
#include "tools/terminal/run_selector.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

struct ExplainOptions {
  RecipeOptions recipe;  // or a study's name
  std::vector<std::string> runs;
  StateOptions state;
  bool json = false;
};

ExplainOptions ParseOptions(const Arguments& arguments) {
  ExplainOptions options;
  CommandLine line(
      "explain RECIPE|STUDY [RUN...] [options]",
      "Why each stage of a run will run, waits, or is passed over; and where it is made although\n"
      "one like it was made before, which setting or which data changed since.");
  options.recipe.Declare(line, "RECIPE|STUDY",
                         "a YAML file, as it would run now; or a study, as it ran last");
  line.Positionals("RUN", &options.runs,
                   "ARM, ARM/SEED, ARM/SEED/ROLE, or a stage by its fingerprint's first digits");
  options.state.Declare(line);
  line.Flag("json", &options.json, "everything, as JSON");
  line.Parse(arguments);
  return options;
}

// A name with a folder or an ending is a file's.
bool IsFile(const std::string& name) {
  std::error_code ignored;
  return fs::is_regular_file(name, ignored) || name.find('/') != std::string::npos ||
         name.ends_with(".yaml") || name.ends_with(".yml");
}

StudyRecord StudyOf(const ExplainOptions& options, LedgerReader* ledger) {
  const std::string& name = options.recipe.recipe;
  if (IsFile(name)) return RecordOf(MakeStudy(options.recipe.Load()));
  if (!options.recipe.overrides.empty() || !options.recipe.size.empty()) {
    throw Error(Cause::kInput, fmt::format("--set and --size change a recipe, and {} is a study; "
                                           "name the recipe's file",
                                           name));
  }
  if (ledger != nullptr) return ledger->ReadStudyRecord(name);
  throw Error(Cause::kInput,
              fmt::format("there is neither a recipe {} nor a ledger at {}: name a YAML file, or "
                          "the folder of the study with --root",
                          name, options.state.Ledger().native()));
}

// Where single stages were asked for, those alone.
void KeepSelected(const std::vector<RunSelector>& selectors, std::vector<RunExplanation>& runs) {
  for (RunExplanation& run : runs) {
    std::erase_if(run.stages, [&](const StageExplanation& stage) {
      return std::ranges::none_of(selectors, [&](const RunSelector& selector) {
        return selector.Selects(run.arm, run.seed, stage.place);
      });
    });
  }
}

}  // namespace

int ExplainCommand(const Arguments& arguments) {
  const ExplainOptions options = ParseOptions(arguments);
  std::optional<LedgerReader> reader;
  if (LedgerExists(options.state.Ledger())) reader.emplace(options.state.Ledger());
  LedgerReader* ledger = reader ? &*reader : nullptr;
  const StudyRecord study = StudyOf(options, ledger);
  const auto selectors = ParseRunSelectors(options.runs, study);
  auto runs = ExplainRuns(
      study,
      [&](const std::string& arm, int64_t seed) {
        return selectors.empty() || std::ranges::any_of(selectors, [&](const auto& selector) {
                 return selector.arm == arm && (!selector.seed || *selector.seed == seed);
               });
      },
      ledger, options.state.Root());
  if (!selectors.empty()) KeepSelected(selectors, runs);
  if (options.json) {
    fmt::print("{}\n", ExplanationJson(study.name, runs).dump(2));
  } else if (options.runs.empty()) {
    fmt::print("{}", GroupedText(study.name, runs));
  } else {
    for (const RunExplanation& run : runs) fmt::print("{}", ExplanationText(run));
  }
  return kExitDone;
}

}  // namespace upcycle
