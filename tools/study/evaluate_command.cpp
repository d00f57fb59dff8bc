// `upcycle evaluate MODEL --tasks mmlu,hellaswag --data FOLDER`

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/benchmarks/benchmark.h"
#include "core/error.h"
#include "core/recipe/source_text.h"
#include "core/shell_word.h"
#include "core/stop_signals.h"
#include "experiments/study/model_evaluation.h"
#include "results/evaluations/evaluation_table.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/schema.h"
#include "results/tables/terminal.h"
#include "tools/commands.h"
#include "tools/study/study_run.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/model_options.h"
#include "tools/terminal/option_values.h"
#include "tools/terminal/root_lock.h"
#include "tools/terminal/state_options.h"
#include "tools/terminal/terminal_layout.h"

namespace upcycle {
namespace {

constexpr auto kReplaceBytes = nlohmann::json::error_handler_t::replace;

struct EvaluateOptions {
  std::string model, tasks, data, tokenizer, name;
  std::vector<std::string> others, texts;
  std::string device = "auto", precision = "float32", begin_of_text = "auto";
  int shots = 0, items = 0, block = 0;
  bool json = false;
  StateOptions state;
  RunEffort effort;
};

EvaluateOptions ParseOptions(const Arguments& arguments) {
  EvaluateOptions options;
  CommandLine line(
      "evaluate MODEL [--tasks TASK,TASK --data FOLDER] [--text FILE] [options]",
      "Asks a model the questions of published benchmarks, as lm-evaluation-harness asks them,\n"
      "and keeps its answers one by one in the ledger; measures how likely it finds texts.\n"
      "What was answered before is not asked again.");
  line.Positional("MODEL", &options.model, kModelHelp);
  line.Option("against,a", &options.others, "another model to ask the same; repeatable");
  line.Option(
      "tasks,t", &options.tasks,
      "mmlu, arc_easy, arc_challenge, hellaswag, piqa, winogrande, boolq, openbookqa, sciq, "
      "truthfulqa_mc1, logiqa, lambada_openai; commas between them");
  line.Option("data,d", &options.data,
              "where each benchmark has a folder of its name with its publisher's files");
  line.Option("shots", &options.shots, "solved examples before each question");
  line.Option("items", &options.items, "questions of each benchmark, or subject; 0: all");
  line.Option("begin-of-text", &options.begin_of_text,
              "before each question: auto (as the tokenizer has it), always or never");
  line.Option("text", &options.texts, "a file of text, whose loss is measured; repeatable");
  line.Option(
      "block", &options.block,
      "tokens of a text that are scored behind one beginning; 0: as many as a sequence holds");
  line.Option("tokenizer", &options.tokenizer, "of all the models; without it the one beside each");
  line.Option("name", &options.name, "of the study in the ledger; without it evaluation-MODEL");
  line.Option("device", &options.device, kDeviceHelp);
  line.Option("precision", &options.precision, kPrecisionHelp);
  options.state.Declare(line);
  options.effort.Declare(line);
  line.Flag("json", &options.json, "everything in full precision, MMLU's subjects too");
  line.Parse(arguments);
  options.effort.Check();
  return options;
}

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

EvaluateSettings SettingsOf(const EvaluateOptions& options) {
  EvaluateSettings settings;
  settings.benchmarks = {
      .tasks = SplitAtCommas(options.tasks),
      .folder = options.data,
      .shots = options.shots,
      .items = options.items,
      .begin_of_text = ValueOf<TextBeginning>("begin-of-text", options.begin_of_text)};
  const bool asks = !BenchmarksNamed(settings.benchmarks.tasks).empty();
  if (!asks && options.texts.empty()) {
    throw Error(Cause::kInput,
                "say what to ask, such as --tasks arc_challenge,hellaswag, or give a --text");
  }
  if (asks && options.data.empty()) {
    throw Error(Cause::kInput, "say where the benchmarks' files are, with --data FOLDER");
  }
  if (options.shots < 0 || options.items < 0 || options.block < 0) {
    throw Error(Cause::kInput, "--shots, --items and --block count, and cannot be negative");
  }
  settings.precision = ValueOf<Precision>("precision", options.precision);
  return settings;
}

// Without a slash at its end, so that a folder has one spelling.
fs::path WholePath(const fs::path& path) {
  const fs::path whole = fs::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

// "models/llama-3/" is llama-3, "stories260K.bin" stories260K; a run's model, which is called
// "model" like all others, goes by its stage's fingerprint.
std::string NameOfModel(const fs::path& whole) {
  if (whole.filename() == "model" && whole.parent_path().has_filename()) {
    return whole.parent_path().filename();
  }
  const std::string name = whole.extension() == ".bin" ? whole.stem() : whole.filename();
  return name.empty() ? whole.native() : name;
}

// Where another model has the same name, a model goes by its whole path.
EvaluatedModel ModelAt(const std::string& path, const std::string& tokenizer,
                       const std::vector<EvaluatedModel>& others) {
  if (path.empty()) throw Error(Cause::kInput, "a model's path is empty");
  const fs::path whole = WholePath(path);
  EvaluatedModel model = {NameOfModel(whole), path, TokenizerPath(path, tokenizer)};
  for (const EvaluatedModel& other : others) {
    if (WholePath(other.model) == whole) {
      throw Error(Cause::kInput, fmt::format("{} is named twice: each model is asked once", path));
    }
    if (other.name == model.name) model.name = whole;
  }
  return model;
}

std::vector<EvaluatedModel> ModelsOf(const EvaluateOptions& options) {
  std::vector<EvaluatedModel> models = {ModelAt(options.model, options.tokenizer, {})};
  for (const std::string& path : options.others) {
    models.push_back(ModelAt(path, options.tokenizer, models));
  }
  return models;
}

std::vector<ReadText> TextsOf(const EvaluateOptions& options) {
  std::vector<ReadText> texts;
  for (const std::string& path : options.texts) {
    const std::string name = fs::path(path).stem();
    const bool is_taken = std::ranges::count(texts, name, &ReadText::name) > 0;
    if (is_taken || ValueNamed<Benchmark>(name)) {
      throw Error(
          Cause::kInput,
          fmt::format("{} called {}: what is measured of them could not be told apart; "
                      "rename a file",
                      is_taken ? "two texts are" : "a text and a benchmark are both", name));
    }
    texts.push_back({name, path, options.block});
  }
  return texts;
}

// Names stand in tables, terminals and JSON.
void RequireReadableName(std::string_view what, std::string_view name) {
  if (!name.empty() && FindUnreadable(name) == name.size() &&
      name.find_first_of("\t\r\n") == name.npos) {
    return;
  }
  throw Error(Cause::kInput,
              fmt::format("{} is called {}: a name is UTF-8 without control characters", what,
                          nlohmann::json(name).dump(-1, ' ', true, kReplaceBytes)));
}

void RequireReadableNames(const ModelEvaluation& evaluation) {
  RequireReadableName("the study", evaluation.name);
  for (const EvaluatedModel& model : evaluation.models) RequireReadableName("a model", model.name);
  for (const ReadText& text : evaluation.texts) RequireReadableName("a text", text.name);
}

// A study of a recipe would lose its arms to the models.
void RequireOwnName(const std::string& name, const fs::path& path) {
  if (!LedgerExists(path)) return;
  LedgerReader ledger(path);
  const std::vector<std::string> names = ledger.StudyNames();
  if (std::ranges::find(names, name) == names.end()) return;
  const auto recipe = nlohmann::json::parse(ledger.ReadRecipe(ledger.ReadStudy(name)));
  if (recipe.contains("models")) return;
  throw Error(
      Cause::kInput,
      fmt::format("{} is a recipe's study already: --name gives this one another name", name));
}

// That a model lacks a tokenizer is said with the option that names one; that it is not there at
// all is for MakeStudy to say.
void RequireTokenizers(const ModelEvaluation& evaluation, const EvaluateOptions& options) {
  for (const EvaluatedModel& model : evaluation.models) {
    if (fs::exists(model.model)) LoadTokenizer(model.model, options.tokenizer);
  }
}

}  // namespace

int EvaluateCommand(const Arguments& arguments) {
  const EvaluateOptions options = ParseOptions(arguments);
  StopSignals stop;  // before any thread, also of a GPU's driver
  ModelEvaluation evaluation = {.name = options.name,
                                .models = ModelsOf(options),
                                .texts = TextsOf(options),
                                .settings = SettingsOf(options),
                                .execution = {.device = options.device}};
  if (evaluation.name.empty()) {
    evaluation.name = fmt::format("evaluation-{}", evaluation.models.front().name);
  }
  RequireReadableNames(evaluation);
  RequireDeviceWord(options.device);
  RequireTokenizers(evaluation, options);
  const Study study = MakeStudy(evaluation);
  Workplace workplace = ChooseWorkplace(study.recipe, options.state, options.effort.Executor());
  FindGpus(study.recipe, options.effort.checked, &workplace);
  StudyOutcome outcome;
  {
    const FileLock lock = LockRoot(options.state);
    RequireOwnName(evaluation.name, options.state.Ledger());
    LedgerWriter ledger(options.state.Ledger());
    outcome = RunStudy(study, RecordOf(evaluation, study), options.state, options.effort, workplace,
                       ledger, stop);
  }
  if (outcome.interrupted) {
    fmt::print(stderr, "stopped on request; the same command goes on\n");
    return kExitInterrupted;
  }
  LedgerReader ledger(options.state.Ledger());
  if (options.json) {
    fmt::print("{}", EvaluationJson(ledger, evaluation.name));
  } else {
    fmt::print("{}", ToTerminal(EvaluationTable(ledger, evaluation.name), LayoutOfOutput()));
  }
  if (outcome.failed + outcome.skipped == 0) return kExitDone;
  fmt::print(stderr, "some questions were not answered; `upcycle status {} --root {}` says why\n",
             ShellWord(evaluation.name), ShellWord(options.state.root));
  return kExitFailed;
}

}  // namespace upcycle
