// `upcycle export STUDY --format markdown|csv|latex|html|html-fragment|json`: its comparison; with
// --bundle FILE the study itself; with --tensorboard, --mlflow or --points what it recorded, for
// other programs.

#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/plural.h"
#include "experiments/bundle/export_study.h"
#include "results/comparison/compare_study.h"
#include "results/export/table_forms.h"
#include "results/ledger/ledger_reader.h"
#include "results/tables/number_text.h"
#include "results/tables/terminal_text.h"
#include "tools/commands.h"
#include "tools/results/export_values.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/option_values.h"
#include "tools/terminal/output_file.h"
#include "tools/terminal/state_options.h"
#include "tools/terminal/table_options.h"

namespace upcycle {
namespace {

struct ExportArguments {
  std::string study;
  StateOptions state;
  std::string format = "markdown";
  std::string output;
  TableOptions table;
  std::string bundle;
  std::string models = "none";
  bool logs = false;
  bool json = false;
  ValueExport values;
};

ExportArguments ParseArguments(const Arguments& arguments) {
  ExportArguments options;
  const ExportArguments defaults;
  CommandLine line(
      "export STUDY [options]",
      "Writes a study's comparison. The bytes are a function of the results alone.\n"
      "With --bundle it writes the study itself, as a file that `upcycle import` takes\n"
      "over on another machine: what it is, and what its stages recorded. With --tensorboard,\n"
      "--mlflow or --points it writes every recorded value for another program.");
  line.Positional("STUDY", &options.study, "a recipe's name");
  options.state.Declare(line);
  line.Option("format,f", &options.format, "markdown, csv, latex, html, html-fragment or json");
  line.Option("output,o", &options.output, "a file in place of standard output");
  options.table.Declare(line);
  line.Option("bundle", &options.bundle, "the file that the study goes into");
  line.Option("models", &options.models,
              "which models go into the bundle: none; last (each run's trained model); all (also "
              "tokens, parents, starts)");
  line.Flag("logs", &options.logs, "put what its processes printed into the bundle, too");
  line.Flag("json", &options.json, "what the bundle holds, as JSON on standard output");
  options.values.Declare(line);
  line.Parse(arguments);
  const bool has_bundle = !options.bundle.empty();
  const bool has_table =
      options.format != defaults.format || options.table.AskAnything() || !options.output.empty();
  const bool asks_bundle = options.models != defaults.models || options.logs || options.json;
  options.values.RequireAlone(has_bundle || asks_bundle || has_table);
  if (has_bundle && has_table) {
    throw Error(Cause::kInput,
                "--bundle writes the study itself: leave out --format, --output and what is asked "
                "of a table");
  }
  if (!has_bundle && asks_bundle) {
    throw Error(Cause::kInput,
                "--models, --logs and --json are said of a bundle: name its file "
                "with --bundle");
  }
  return options;
}

void WriteComparison(const ExportArguments& options) {
  const auto form = ValueOf<TableForm>("format", options.format);
  LedgerReader ledger(options.state.Ledger());
  const std::string text =
      Written(CompareStudy(ledger, options.study, options.table.Asked()), form);
  if (options.output.empty()) {
    fmt::print("{}", text);
  } else {
    WriteOutputFile(options.output, text);
  }
}

void PrintBundle(const ExportedStudy& exported, const ExportArguments& options) {
  for (const std::string& note : exported.notes) fmt::print(stderr, "note: {}\n", note);
  const Manifest& manifest = exported.manifest;
  if (options.json) {
    fmt::print("{}\n", nlohmann::json({{"bundle", options.bundle},
                                       {"bytes", exported.bytes},
                                       {"study", manifest.study},
                                       {"stages", exported.stages},
                                       {"outputs", exported.outputs},
                                       {"models", NameOf(manifest.models)},
                                       {"logs", manifest.logs},
                                       {"files", manifest.files.size()},
                                       {"file_bytes", manifest.Bytes()},
                                       {"notes", exported.notes}})
                           .dump(2));
    return;
  }
  fmt::print("{}: {} with {}, {} of them with their output; {} of {}\n", options.bundle,
             Printable(manifest.study), Plural(exported.stages, "stage"), exported.outputs,
             BytesText(static_cast<double>(exported.bytes)),
             BytesText(static_cast<double>(manifest.Bytes())));
}

void WriteBundle(const ExportArguments& options) {
  const auto models = ValueOf<BundledModels>("models", options.models);
  RequireOutputFolder(options.bundle);
  { LedgerReader known(options.state.Ledger()); }  // an absent root is not made
  // Where a scheduler has the lock, what is complete can be had all the same.
  const std::optional<FileLock> lock = FileLock::TryAcquire(options.state.SchedulerLock());
  PrintBundle(
      ExportStudy(
          options.state.Root(),
          {.study = options.study, .models = models, .logs = options.logs, .complete_only = !lock},
          options.bundle),
      options);
}

}  // namespace

int ExportCommand(const Arguments& arguments) {
  const ExportArguments options = ParseArguments(arguments);
  if (options.values.Any()) {
    options.values.Write(options.state.Ledger(), options.study);
  } else if (options.bundle.empty()) {
    WriteComparison(options);
  } else {
    WriteBundle(options);
  }
  return kExitDone;
}

}  // namespace upcycle
