// `upcycle probe FILE`: one job of a probe (experiments/bench/division_probe.h). `run` calls it.

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/error.h"
#include "core/foreign_json.h"
#include "experiments/bench/division_probe.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"

namespace upcycle {

int ProbeCommand(const Arguments& arguments) {
  std::string file;
  ProbeAnswer answer;
  int milliseconds = 2000;
  CommandLine line("probe FILE [options]",
                   "Takes steps of the training that FILE describes, between the end of standard\n"
                   "input and --milliseconds later, and says how many.");
  line.Positional("FILE", &file, "a train stage, as ROOT/stages has them");
  line.Option("threads", &answer.threads, "CPU threads");
  line.Option("device", &answer.device, "cpu or cuda:N");
  line.Option("milliseconds", &milliseconds, "how long");
  line.Parse(arguments);
  answer.seconds = milliseconds / 1000.0;
  try {
    const Stage stage = Stage::FromJson(nlohmann::json::parse(ReadTextFile(file)));
    AnswerProbe(stage, answer, STDIN_FILENO, STDOUT_FILENO);
  } catch (const nlohmann::json::exception& error) {
    throw Error(Cause::kInput, fmt::format("{} is not a stage: {}", file, JsonProblem(error)));
  }
  return kExitDone;
}

}  // namespace upcycle
