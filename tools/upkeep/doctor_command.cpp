// `upcycle doctor`: what this machine has for the program, and how to get what it lacks.

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/sysinfo.h>

#include "core/build_info.h"
#include "kernels/backend.h"
#include "kernels/cpu/sgemm_rate.h"
#include "kernels/gpus.h"
#include "results/tables/number_text.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/cores.h"
#include "tools/terminal/state_options.h"
#include "tools/upkeep/finding.h"

namespace upcycle {
namespace {

Finding LookAtCpu() {
  const double rate = MeasureSgemmGflops(Cores(), 0.2);
  return {"cpu", true,
          fmt::format("{}, {:.0f} GFLOP/s in large matrix products",
                      MakeCpuBackend(Cores())->Name(), rate),
          ""};
}

Finding LookAtMemory() {
  struct sysinfo info = {};
  if (::sysinfo(&info) != 0) return {"memory", false, "the system does not say", ""};
  const double unit = info.mem_unit;
  return {"memory", true,
          fmt::format("{} of {} free",
                      BytesText(unit * static_cast<double>(info.freeram + info.bufferram)),
                      BytesText(unit * static_cast<double>(info.totalram))),
          ""};
}

std::string VersionText(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

std::vector<Finding> LookAtGpus() {
  const GpuSurvey survey = SurveyGpus();
  std::vector<Finding> findings;
  const std::string built = survey.software.toolkit_version == 0
                                ? "none in this build"
                                : "toolkit " + VersionText(survey.software.toolkit_version);
  const std::string driver = survey.software.driver_version == 0
                                 ? "no driver"
                                 : "driver for " + VersionText(survey.software.driver_version);
  findings.push_back(
      {"cuda", survey.problem.empty(), fmt::format("{}, {}", built, driver), survey.problem});
  for (const Gpu& gpu : survey.gpus) {
    findings.push_back(
        {fmt::format("cuda:{}", gpu.number), true,
         fmt::format("{}, compute capability {}.{}, {} multiprocessors, {} of {} free", gpu.name,
                     gpu.major, gpu.minor, gpu.multiprocessors,
                     BytesText(static_cast<double>(gpu.free_bytes)),
                     BytesText(static_cast<double>(gpu.memory_bytes))),
         ""});
  }
  for (GpuLibrary& library : SurveyGpuLibraries()) {
    findings.push_back({std::move(library.name), library.works, std::move(library.found),
                        std::move(library.advice)});
  }
  return findings;
}

void Print(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    fmt::print("{:<8} {:<4} {}\n", finding.topic, finding.works ? "ok" : "no", finding.found);
    if (!finding.advice.empty()) fmt::print("{:<13} {}\n", "", finding.advice);
  }
}

nlohmann::json JsonOf(const std::vector<Finding>& findings) {
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"topic", finding.topic},
                    {"works", finding.works},
                    {"found", finding.found},
                    {"advice", finding.advice}});
  }
  return list;
}

}  // namespace

int DoctorCommand(const Arguments& arguments) {
  StateOptions state;
  bool json = false;
  CommandLine line(
      "doctor [options]",
      "What this machine has to train with, and how to get what it lacks. Runs need no "
      "GPU.");
  state.Declare(line);
  line.Flag("json", &json, "as JSON");
  line.Parse(arguments);
  std::vector<Finding> findings = {
      {"program", true,
       fmt::format("upcycle {} (build {}, {})", kVersion, BuildFingerprint(), CompilerText()), ""},
      {"built of", true, LibrariesText(), ""},
      LookAtCpu(),
      LookAtBlas(),
      LookAtMemory(),
      LookAtContainer(),
      LookAtLimits(),
      LookAtClock(),
      LookAtDisk(state),
      LookAtLocks(state),
      LookAtLedger(state),
      LookAtScheduler(state),
      LookAtSlurm(),
      LookAtRenderer()};
  for (Finding& finding : LookAtGpus()) findings.push_back(std::move(finding));
  findings.push_back(LookAtNccl());
  if (json) {
    fmt::print("{}\n", JsonOf(findings).dump(2));
  } else {
    Print(findings);
  }
  return kExitDone;
}

}  // namespace upcycle
