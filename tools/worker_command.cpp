// `upcycle worker FOLDER`: one stage, in a process of its own. The scheduler calls it.

#include "experiments/run/worker.h"
#include "tools/command_line.h"
#include "tools/commands.h"

namespace upcycle {

int WorkerCommand(const Arguments& arguments) {
  std::string folder;
  int threads = 1;
  CommandLine line("worker FOLDER [options]", "Does the stage that FOLDER/stage.json describes.");
  line.Positional("FOLDER", &folder, "a stage's folder under ROOT/stages");
  line.Option("threads", &threads, "CPU threads");
  line.Parse(arguments);
  return static_cast<int>(RunWorker(folder, threads));
}

}  // namespace upcycle
