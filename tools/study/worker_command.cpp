// `upcycle worker FOLDER`: one stage, in a process of its own. The scheduler calls it.
// `upcycle idle-worker FOLDER`: the same without the work. `bench --orchestration` schedules it.

#include "experiments/run/worker.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"

namespace upcycle {
namespace {

struct WorkerArguments {
  std::string folder;
  WorkerOptions options;
};

WorkerArguments ParseWorker(const char* usage, const char* summary, const Arguments& words) {
  WorkerArguments worker;
  CommandLine line(usage, summary);
  line.Positional("FOLDER", &worker.folder, "a stage's folder under ROOT/stages");
  line.Option("threads", &worker.options.threads, "CPU threads");
  line.Option("device", &worker.options.device,
              "cpu or cuda:N; where it is left out, as the stage asks");
  line.Option("until-step", &worker.options.until_step,
              "stop a training after this step with a checkpoint; 0: train to its end");
  line.Option("launch", &worker.options.launch,
              "the number of the `upcycle run` that it is part of");
  line.Flag("checked", &worker.options.checked, "do every op of a GPU on the CPU too, and compare");
  line.Parse(words);
  return worker;
}

}  // namespace

int WorkerCommand(const Arguments& arguments) {
  const WorkerArguments worker = ParseWorker(
      "worker FOLDER [options]", "Does the stage that FOLDER/stage.json describes.", arguments);
  return static_cast<int>(RunWorker(worker.folder, worker.options));
}

int IdleWorkerCommand(const Arguments& arguments) {
  const WorkerArguments worker = ParseWorker(
      "idle-worker FOLDER [options]",
      "Begins and ends the stage that FOLDER/stage.json describes, without doing it.", arguments);
  return static_cast<int>(RunWorker(worker.folder, worker.options, [](const StageContext&) {}));
}

}  // namespace upcycle
