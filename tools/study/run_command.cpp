// `upcycle run RECIPE`: everything the recipe asks for that is not there yet.

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/plural.h"
#include "core/shell_word.h"
#include "tools/commands.h"
#include "tools/study/study_run.h"
#include "tools/terminal/recipe_options.h"
#include "tools/terminal/root_lock.h"

namespace upcycle {
namespace {

struct RunOptions {
  RecipeOptions recipe;
  StateOptions state;
  RunEffort effort;
  bool dry_run = false;
  bool json = false;
};

RunOptions ParseOptions(const Arguments& arguments) {
  RunOptions options;
  CommandLine line(
      "run RECIPE [options]",
      "Plans the runs of a recipe and makes what is missing: tokens, dense parent, upcycled\n"
      "starts, trainings, evaluations. Ctrl-C writes checkpoints and stops; the same command\n"
      "goes on. A second run of the same recipe does nothing and says why.");
  options.recipe.Declare(line);
  options.state.Declare(line);
  options.effort.Declare(line);
  line.Flag("dry-run,n", &options.dry_run, "say what would be done; change nothing on disk");
  line.Flag("json", &options.json, "the outcome as JSON on standard output");
  line.Parse(arguments);
  options.effort.Check();
  return options;
}

// How many stages were not begun although everything they need is there.
int64_t CountHeldBack(const Study& study, const std::map<Fingerprint, StageState>& states) {
  return std::count_if(study.order.begin(), study.order.end(), [&](const Fingerprint& stage) {
    return states.at(stage) == StageState::kPlanned;
  });
}

void PrintOutcome(const Study& study, const StudyOutcome& outcome, int64_t held_back,
                  const RunOptions& options) {
  if (options.json) {
    nlohmann::json json = OutcomeJson(outcome);
    json["study"] = study.recipe.name;
    fmt::print("{}\n", json.dump(2));
  }
  const std::string arguments =
      fmt::format("{} --root {}", ShellWord(study.recipe.name), ShellWord(options.state.root));
  fmt::print(stderr, "{}: {} done, {} complete already", study.recipe.name,
             Plural(outcome.done, "stage"), outcome.reused);
  if (outcome.failed > 0) fmt::print(stderr, ", {} failed", outcome.failed);
  if (outcome.pruned > 0) fmt::print(stderr, ", {} pruned", outcome.pruned);
  if (outcome.skipped > 0) fmt::print(stderr, ", {} not started", outcome.skipped);
  if (outcome.held > 0) fmt::print(stderr, " ({} paused or cancelled)", outcome.held);
  if (outcome.left_out > 0) fmt::print(stderr, ", {} left out", outcome.left_out);
  if (outcome.unneeded > 0) {
    fmt::print(stderr, ", {} not needed as no arm wants another seed", outcome.unneeded);
  }
  if (held_back > 0) {
    fmt::print(stderr, "; --keep-going would have started {} of them all the same", held_back);
  }
  if (!outcome.halted.empty()) {
    fmt::print(stderr, "; nothing more could be begun: {}\n", outcome.halted);
  } else if (outcome.interrupted) {
    fmt::print(stderr, "; stopped on request, the same command goes on\n");
  } else if (outcome.failed > 0) {
    fmt::print(stderr, "; `upcycle status {}` says why\n", arguments);
  } else {
    fmt::print(stderr, "; `upcycle compare {}` shows the table\n", arguments);
  }
}

}  // namespace

int RunCommand(const Arguments& arguments) {
  const RunOptions options = ParseOptions(arguments);
  StopSignals stop;  // before any thread, also of a GPU's driver
  const Study study = MakeStudy(options.recipe.Load());
  Workplace workplace = ChooseWorkplace(study.recipe, options.state, options.effort.Executor());
  if (options.dry_run) {
    PrintIntent(study, PlanStages(study, options.state.StageStates(), options.state.Root()));
    return kExitDone;
  }
  FindGpus(study.recipe, options.effort.checked, &workplace);
  const FileLock lock = LockRoot(options.state);
  LedgerWriter ledger(options.state.Ledger());
  const StudyTerms terms =
      AgreeOnTerms(study, options.state, options.effort.jobs, options.effort.yes, workplace, stop);
  const StudyOutcome outcome = RunStudy(study, RecordOf(study), options.state, options.effort,
                                        workplace, ledger, stop, terms);
  const bool gave_up = outcome.failed > 0 && !outcome.interrupted && !options.effort.keep_going;
  const int64_t held_back = gave_up ? CountHeldBack(study, ledger.StageStates()) : 0;
  PrintOutcome(study, outcome, held_back, options);
  if (outcome.interrupted) return kExitInterrupted;
  return outcome.failed + outcome.skipped > 0 ? kExitFailed : kExitDone;
}

}  // namespace upcycle
