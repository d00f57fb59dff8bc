#include "tools/results/export_values.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/shell_word.h"
#include "results/interchange/interchange.h"
#include "results/tables/terminal_text.h"
#include "tools/terminal/output_file.h"

namespace upcycle {

void ValueExport::Declare(CommandLine& line) {
  line.Option("tensorboard", &tensorboard, "a new folder of event files, one of each run");
  line.Option("mlflow", &mlflow, "a new folder as MLflow's file store");
  line.Option("points", &points, "a CSV file with a row for every recorded value");
  line.Flag("system", &system, "with these three: what depends on clock and machine, too");
}

void ValueExport::RequireAlone(bool others) const {
  if (Any() && others) {
    throw Error(Cause::kInput,
                "--tensorboard, --mlflow and --points write recorded values: leave out what is "
                "said of a comparison or a bundle");
  }
  if (system && !Any()) {
    throw Error(Cause::kInput, "--system is said of --tensorboard, --mlflow or --points");
  }
}

void ValueExport::Write(const fs::path& ledger, const std::string& study) const {
  const ValueChoice choice = {.system = system};
  if (!tensorboard.empty()) {
    WriteTensorBoard(ledger, study, choice, tensorboard);
    fmt::print("{}: tensorboard --logdir {}\n", Printable(tensorboard), ShellWord(tensorboard));
  }
  if (!mlflow.empty()) {
    WriteMlflow(ledger, study, choice, mlflow);
    fmt::print("{}: MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri {}\n",
               Printable(mlflow), ShellWord(mlflow));
  }
  if (!points.empty()) {
    WriteOutputFile(points, PointsCsv(ledger, study, choice));
    fmt::print(stderr, "{}: every recorded value of {}\n", Printable(points), Printable(study));
  }
}

}  // namespace upcycle
