// `upcycle paper NAME`: a paper's claims, held against runs of our own.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/claims/paper.h"
#include "core/data/file_mistakes.h"
#include "core/error.h"
#include "core/plural.h"
#include "core/shell_word.h"
#include "experiments/study/forecast.h"
#include "experiments/study/prediction.h"
#include "kernels/cpu/sgemm_rate.h"
#include "results/findings/report.h"
#include "results/tables/number_text.h"
#include "tools/commands.h"
#include "tools/study/paper_folder.h"
#include "tools/study/paper_report.h"
#include "tools/study/study_run.h"
#include "tools/terminal/cores.h"
#include "tools/terminal/output_file.h"
#include "tools/terminal/recipe_options.h"
#include "tools/terminal/root_lock.h"
#include "tools/terminal/terminal_layout.h"

namespace upcycle {
namespace {

struct PaperCommandOptions {
  std::string name;
  StateOptions state;
  RunEffort effort;
  std::string size;
  int seeds = 0;
  bool dry_run = false;
  bool no_run = false;
  bool run = false;
  std::string format = "terminal";
  std::string output;
};

void CheckOptions(const PaperCommandOptions& options) {
  options.effort.Check();
  if (options.seeds < 0) throw Error(Cause::kInput, "--seeds counts seeds and cannot be negative");
  if (options.dry_run + options.no_run + options.run > 1) {
    throw Error(Cause::kInput, "--dry-run, --no-run and --run exclude each other");
  }
  const std::set<std::string> formats = {"terminal", "markdown", "json"};
  if (!formats.contains(options.format)) {
    throw Error(Cause::kInput,
                fmt::format("there is no format \"{}\": expected terminal, markdown or json",
                            options.format));
  }
}

PaperCommandOptions ParseOptions(const Arguments& arguments) {
  PaperCommandOptions options;
  bool json = false;
  CommandLine line(
      "paper NAME [options]",
      "Runs what is missing of the studies that ask what a paper asked, and says of each of its\n"
      "claims whether these runs support it, contradict it or cannot tell. Ctrl-C stops with\n"
      "checkpoints; the same command goes on. At another size than the recipes' first it says\n"
      "what the runs would take, unless --run asks for them.");
  line.Positional("NAME", &options.name, "a folder of recipes/papers, or the path of one");
  options.state.Declare(line);
  options.effort.Declare(line);
  line.Option("size", &options.size, "NAME of one of the recipes' sizes; their first without it");
  line.Option("seeds", &options.seeds, "so many of each arm; 0: as many as the recipes have");
  line.Flag("dry-run,n", &options.dry_run,
            "say what would be run, and for how long; change nothing on disk");
  line.Flag("no-run", &options.no_run, "judge by the runs that are there");
  line.Flag("run", &options.run, "run, whatever the size");
  line.Option("format,f", &options.format, "terminal, markdown or json");
  line.Flag("json", &json, "the findings as --format json has them");
  line.Option("output,o", &options.output, "a file in place of standard output");
  line.Parse(arguments);
  if (json && options.format == "markdown") {
    throw Error(Cause::kInput, "choose one of --json and --format markdown");
  }
  if (json) options.format = "json";
  CheckOptions(options);
  return options;
}

bool HasData(const Recipe& recipe) {
  return std::all_of(recipe.arms.begin(), recipe.arms.end(),
                     [](const Arm& arm) { return FindFileMistakes(arm.settings.data).empty(); });
}

// The studies of the paper that runs decide about. One whose data is not here can be priced.
std::vector<Study> StudiesOf(const Paper& paper) {
  std::vector<Study> studies;
  for (const PaperStudy& study : paper.studies) {
    if (!study.is_run) continue;
    studies.push_back(HasData(study.recipe) ? MakeStudy(study.recipe)
                                            : MakeStudyWithoutData(study.recipe));
  }
  return studies;
}

// To standard error.
void PrintWarnings(const std::vector<Study>& studies) {
  for (const Study& study : studies) {
    for (const RecipeWarning& warning : study.recipe.warnings) {
      fmt::print(stderr, "{}\n", warning.text);
    }
    if (HasData(study.recipe)) continue;
    fmt::print(stderr, "warning: the data of {} is not here; it is priced without\n",
               study.recipe.path.native());
  }
}

bool IsAtItsFirstSize(const Recipe& recipe) {
  return recipe.sizes.empty() || recipe.size == recipe.sizes.front();
}

// To standard error: what is left of each study, a stage that several share with the first of them.
void PrintPrice(const std::vector<Study>& studies, const StateOptions& state, bool with_stages) {
  const MachineRate rate = {.flops_per_core_second = 1e9 * MeasureCoreSgemmGflops(0.2),
                            .cores = Cores()};
  const auto states = state.StageStates();
  std::set<Fingerprint> counted;
  double core_seconds = 0, flops = 0, disk_bytes = 0;
  for (const Study& study : studies) {
    auto plan = PlanStages(study, states, state.Root());
    double study_flops = 0;
    for (auto& [stage, step] : plan) {
      step.needed = step.needed && counted.insert(stage).second;
      if (step.needed) study_flops += TrainFlopsOf(study.stages.at(stage));
    }
    if (with_stages) PrintIntent(study, plan);
    const StudyForecast forecast = ForecastStudy(study, plan, rate);
    fmt::print(stderr, "{}: {} × {}, {} of {} to do, {} training FLOPs\n", study.recipe.name,
               Plural(study.recipe.arms.size(), "arm"), Plural(study.recipe.seeds.size(), "seed"),
               forecast.needed_stages, Plural(study.stages.size(), "stage"),
               study_flops > 0 ? ScientificText(study_flops) : "0");
    core_seconds += forecast.core_seconds;
    disk_bytes += static_cast<double>(forecast.disk_bytes);
    flops += study_flops;
  }
  fmt::print(stderr,
             "together {} training FLOPs, {:.3g} core hours, {} on {}, {} of disk; times are "
             "predicted from this machine's matrix rate\n",
             flops > 0 ? ScientificText(flops) : "0", core_seconds / 3600,
             ClockText(core_seconds / Cores()), Plural(Cores(), "core"), BytesText(disk_bytes));
}

// Throws Error(kInput) for a study that cannot be run here.
void RequireData(const Recipe& recipe) {
  if (HasData(recipe)) return;
  throw Error(Cause::kInput,
              fmt::format("{}: its data is not here; `upcycle validate` says which files are "
                          "missing",
                          recipe.path.native()));
}

// One study after another, once the budgets of all allow it; the first failure ends them unless
// they are to go on.
StudyOutcome RunAll(const std::vector<Study>& studies, const PaperCommandOptions& options,
                    StopSignals& stop) {
  std::vector<Workplace> workplaces;
  for (const Study& study : studies) {
    workplaces.push_back(ChooseWorkplace(study.recipe, options.state, options.effort.Executor()));
    FindGpus(study.recipe, options.effort.checked, &workplaces.back());
  }
  const FileLock lock = LockRoot(options.state);
  LedgerWriter ledger(options.state.Ledger());
  std::vector<StudyTerms> terms;
  for (size_t i = 0; i < studies.size(); ++i) {
    terms.push_back(AgreeOnTerms(studies[i], options.state, options.effort.jobs, options.effort.yes,
                                 workplaces[i], stop));
  }
  StudyOutcome all;
  for (size_t i = 0; i < studies.size(); ++i) {
    fmt::print(stderr, "study {} of {}: {}\n", i + 1, studies.size(), studies[i].recipe.name);
    const StudyOutcome outcome = RunStudy(studies[i], RecordOf(studies[i]), options.state,
                                          options.effort, workplaces[i], ledger, stop, terms[i]);
    all.done += outcome.done;
    all.failed += outcome.failed;
    all.skipped += outcome.skipped;
    all.interrupted |= outcome.interrupted;
    if (outcome.failed > 0) {
      fmt::print(stderr, "{}: {} failed; `upcycle status {} --root {}` says why\n",
                 studies[i].recipe.name, outcome.failed, ShellWord(studies[i].recipe.name),
                 ShellWord(options.state.root));
    }
    if (all.interrupted || (all.failed > 0 && !options.effort.keep_going)) break;
  }
  return all;
}

// What to type to have the report again, without what is everybody's own: where things lie on this
// machine, and how many processes run at a time.
std::string CommandOf(const Paper& paper, const PaperCommandOptions& options) {
  std::string command = fmt::format("upcycle paper {}", ShellWord(paper.name));
  if (!options.size.empty()) command += fmt::format(" --size {}", ShellWord(options.size));
  if (options.seeds > 0) command += fmt::format(" --seeds {}", options.seeds);
  if (options.run) command += " --run";
  command += fmt::format(" --format {}", options.format);
  if (options.output.empty()) return command;
  const fs::path output = options.output;
  const fs::path shown = output.is_absolute() ? output.filename() : output.lexically_normal();
  return command + fmt::format(" --output {}", ShellWord(shown.native()));
}

void Write(const FindingsReport& report, const PaperCommandOptions& options) {
  std::string text;
  if (options.format == "markdown") {
    text = FindingsMarkdown(report);
  } else if (options.format == "json") {
    text = FindingsJson(report);
  } else {
    text = FindingsTerminal(report, options.output.empty() ? LayoutOfOutput() : TerminalLayout{});
  }
  if (options.output.empty()) {
    fmt::print("{}", text);
  } else {
    WriteOutputFile(options.output, text);
  }
}

}  // namespace

int PaperCommand(const Arguments& arguments) {
  const PaperCommandOptions options = ParseOptions(arguments);
  if (!options.output.empty()) RequireOutputFolder(options.output);
  StopSignals stop;  // before any thread, also of a GPU's driver
  // What is to be run needs its data; a size that may not be the first is looked at before.
  const bool runs = options.run || (!options.no_run && !options.dry_run && options.size.empty());
  PaperOptions reading = {options.size, {}, runs ? KnowFiles() : FileKnowledge{}};
  if (options.seeds > 0) reading.overrides.push_back(fmt::format("seeds={}", options.seeds));
  const Paper paper = LoadPaper(FindPaper(options.name), reading);
  const std::vector<Study> studies = StudiesOf(paper);
  PrintWarnings(studies);
  if (options.dry_run) {
    PrintPrice(studies, options.state, true);
    return kExitDone;
  }
  const bool is_priced = !options.run && !options.no_run &&
                         std::any_of(studies.begin(), studies.end(), [](const Study& study) {
                           return !IsAtItsFirstSize(study.recipe);
                         });
  StudyOutcome outcome;
  if (is_priced) {
    PrintPrice(studies, options.state, false);
    fmt::print(stderr, "nothing was run at size {}; --run runs it\n", options.size);
  } else if (!options.no_run && !studies.empty()) {
    for (const Study& study : studies) RequireData(study.recipe);
    outcome = RunAll(studies, options, stop);
    if (outcome.interrupted) {
      fmt::print(stderr, "{}: stopped on request, the same command goes on\n", paper.name);
      return kExitInterrupted;
    }
  }
  FindingsReport report = ReportOn(paper, studies, options.state);
  report.command = CommandOf(paper, options);
  if (studies.empty()) report.size = options.size;
  Write(report, options);
  return outcome.failed + outcome.skipped > 0 ? kExitFailed : kExitDone;
}

}  // namespace upcycle
