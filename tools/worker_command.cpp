// `upcycle worker FOLDER`: one stage, in a process of its own. The scheduler calls it.

#include "experiments/run/worker.h"
#include "tools/command_line.h"
#include "tools/commands.h"

namespace upcycle {

int WorkerCommand(const Arguments& arguments) {
  std::string folder;
  WorkerOptions options;
  CommandLine line("worker FOLDER [options]", "Does the stage that FOLDER/stage.json describes.");
  line.Positional("FOLDER", &folder, "a stage's folder under ROOT/stages");
  line.Option("threads", &options.threads, "CPU threads");
  line.Option("device", &options.device, "cpu or cuda:N; where it is left out, as the stage asks");
  line.Option("launch", &options.launch, "the number of the `upcycle run` that it is part of");
  line.Flag("checked", &options.checked, "do every op of a GPU on the CPU too, and compare");
  line.Parse(arguments);
  return static_cast<int>(RunWorker(folder, options));
}

}  // namespace upcycle
