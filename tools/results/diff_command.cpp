// `upcycle diff A B`: where two runs, arms, studies or recipes differ.

#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "experiments/study/study.h"
#include "results/differences/compare_runs.h"
#include "tools/commands.h"
#include "tools/terminal/diff_side.h"
#include "tools/terminal/recipe_options.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

struct DiffOptions {
  std::string a, b;
  StateOptions state;
  std::string other_root;
  bool items = false, points = false, system = false, json = false;
};

DiffOptions ParseOptions(const Arguments& arguments) {
  DiffOptions options;
  CommandLine line(
      "diff A B [options]",
      "Where two runs, arms, studies or recipes differ: settings, what made them, every recorded\n"
      "curve (the first step whose bits differ, and the largest difference), results, and answers\n"
      "question by question. Runs pair by seed, arms of studies by name.");
  line.Positional("A", &options.a, "STUDY:ARM/SEED, STUDY:ARM, STUDY, or a recipe's YAML file");
  line.Positional("B", &options.b, "another of the same kind");
  options.state.Declare(line);
  line.Option("other-root", &options.other_root,
              "where B's study lives, if not where A's does: the same study, run twice");
  line.Flag("items", &options.items, "the questions that one alone got right, by number");
  line.Flag("points", &options.points, "every step that both have");
  line.Flag("system", &options.system, "what depends on clock and machine, too");
  line.Flag("json", &options.json, "everything, as JSON");
  line.Parse(arguments);
  return options;
}

// A recipe as it resolves, or a study as it ran last.
StudyRecord RecordNamed(const std::string& word, const fs::path& ledger) {
  if (!IsRecipeFile(word)) {
    LedgerReader reader(ledger);
    const ChosenRuns side = ChooseRuns(word, reader);
    if (!side.arm) return reader.ReadStudyRecord(side.study.name);
    throw Error(Cause::kInput,
                fmt::format("{} is a part of {}: a recipe is compared with a recipe or a whole "
                            "study, so name {}",
                            word, side.study.name, side.study.name));
  }
  RecipeOptions recipe;
  recipe.recipe = word;
  bool has_data = false;
  Recipe loaded = recipe.LoadWithoutData(&has_data);
  return RecordOf(has_data ? MakeStudy(std::move(loaded))
                           : MakeStudyWithoutData(std::move(loaded)));
}

Difference Compared(const DiffOptions& options) {
  StateOptions other = options.state;
  if (!options.other_root.empty()) other.root = options.other_root;
  if (IsRecipeFile(options.a) || IsRecipeFile(options.b)) {
    const StudyRecord a = RecordNamed(options.a, options.state.Ledger());
    return CompareSettings(options.a, a, options.b, RecordNamed(options.b, other.Ledger()));
  }
  LedgerView ledger_a(options.state.Ledger());
  LedgerView ledger_b(other.Ledger());
  const ChosenRuns a = ChooseRuns(options.a, ledger_a.ledger());
  const ChosenRuns b = ChooseRuns(options.b, ledger_b.ledger());
  return CompareRuns(a, ledger_a, b, ledger_b, options.system);
}

}  // namespace

int DiffCommand(const Arguments& arguments) {
  const DiffOptions options = ParseOptions(arguments);
  if (options.a == options.b && options.other_root.empty()) {
    throw Error(Cause::kInput, fmt::format("A and B are both {}: name two, or the root of the "
                                           "other with --other-root",
                                           options.a));
  }
  const Difference difference = Compared(options);
  fmt::print("{}", options.json ? DifferenceJson(difference)
                                : DifferenceText(difference, {options.items, options.points}));
  return kExitDone;
}

}  // namespace upcycle
