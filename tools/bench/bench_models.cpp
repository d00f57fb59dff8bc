#include "tools/bench/bench_models.h"

#include <ctime>
#include <regex>

#include <fmt/format.h>

#include "core/build_info.h"
#include "core/enum_names.h"
#include "core/error.h"
#include "core/files.h"
#include "core/stopwatch.h"
#include "experiments/run/device.h"
#include "kernels/gpus.h"
#include "results/tables/number_text.h"
#include "tools/bench/bench_process.h"
#include "tools/bench/bench_report.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr const char* kNotTried = "not tried";

std::string VersionText(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

// The GPU that the device names; -1 where it is the CPU.
int GpuNumber(const std::string& device, const GpuSurvey& survey) {
  if (device == "cpu" || (device == "auto" && survey.gpus.empty())) return -1;
  return device.starts_with("cuda:") ? std::atoi(device.c_str() + 5) : 0;
}

Json DeviceJson(const std::string& device) {
  const GpuSurvey survey = SurveyGpus();
  const int number = GpuNumber(device, survey);
  if (number < 0) return {{"name", "CPU"}};
  for (const Gpu& gpu : survey.gpus) {
    if (gpu.number != number) continue;
    return {{"name", gpu.name},
            {"number", number},
            {"compute_capability", fmt::format("{}.{}", gpu.major, gpu.minor)},
            {"multiprocessors", gpu.multiprocessors},
            {"memory_bytes", gpu.memory_bytes},
            {"free_bytes", gpu.free_bytes},
            {"driver", VersionText(survey.software.driver_version)},
            {"toolkit", VersionText(survey.software.toolkit_version)}};
  }
  return {{"name", "none"},
          {"problem",
           survey.problem.empty() ? fmt::format("there is no GPU {}", number) : survey.problem}};
}

std::string DeviceName(const Json& report) { return report.at("device").at("name"); }

// What a training on the report's device would take.
MemoryBytes Planned(const BenchmarkModel& model, const Json& report) {
  const bool gpu = DeviceName(report) != "CPU";
  const bool narrow = report.at("precision") == NameOf(Precision::kBFloat16);
  return PlanBenchmarkTraining(model.architecture, model.sequences,
                               narrow ? DataType::kBFloat16 : DataType::kFloat32, gpu);
}

std::string DeviceWord(const Json& report) {
  const Json& device = report.at("device");
  return device.contains("number") ? fmt::format("cuda:{}", device.at("number").get<int>()) : "cpu";
}

BenchmarkOptions OptionsFor(const ModelsBench& bench, const Json& report) {
  constexpr int64_t kCpuMatMulSize = 1024;
  BenchmarkOptions options;
  options.seconds = bench.seconds;
  const Json& device = report.at("device");
  if (device.contains("number")) {
    options.gpu = device.at("number").get<int>();
  } else {
    options.matmul_size = kCpuMatMulSize;
  }
  return options;
}

// The name as a regular expression that finds it alone.
std::string Exactly(const std::string& name) {
  std::string regex = "^";
  for (const char c : name) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) regex += '\\';
    regex += c;
  }
  return regex + "$";
}

// What a process of its own found of one model.
Json MeasureElsewhere(const ModelsBench& bench, const BenchmarkModel& model, const Json& report,
                      const fs::path& file, double limit_seconds) {
  const ProcessEnd end =
      RunSelf({"bench", "--in-process", "--device", DeviceWord(report), "--precision",
               std::string(NameOf(bench.precision)), "--threads", std::to_string(bench.threads),
               "--seconds", fmt::format("{}", bench.seconds), "--models", Exactly(model.name),
               "--json", file.native()},
              limit_seconds);
  std::error_code none;
  Json found = NotMeasuredJson(model, Planned(model, report),
                               end.problem.empty() ? "nothing was written" : end.problem);
  if (!fs::exists(file, none)) return found;
  const Json written = Json::parse(ReadTextFile(file), nullptr, false);
  if (!written.is_object()) return found;
  found = written.at("models").at(0);
  // What it had not come to when it ended.
  for (auto& [key, part] : found.items()) {
    if (!end.problem.empty() && part.is_object() && part.value("not_measured", "") == kNotTried) {
      part["not_measured"] = end.problem;
    }
  }
  return found;
}

}  // namespace

std::vector<BenchmarkModel> ChosenModels(const std::string& regex) {
  std::vector<BenchmarkModel> chosen;
  try {
    const std::regex pattern(regex);
    for (const BenchmarkModel& model : GpuBenchmarkModels()) {
      if (std::regex_search(model.name, pattern)) chosen.push_back(model);
    }
  } catch (const std::regex_error& error) {
    throw Error(Cause::kInput,
                fmt::format("--models \"{}\" is no regular expression: {}", regex, error.what()));
  }
  if (chosen.empty()) {
    throw Error(
        Cause::kInput,
        fmt::format("no model's name holds \"{}\"; `upcycle bench --list` names them", regex));
  }
  return chosen;
}

Json EmptyReport(const ModelsBench& bench, const std::vector<BenchmarkModel>& models) {
  Json report = {{"program", fmt::format("upcycle {}", kVersion)},
                 {"date", UtcText(static_cast<double>(std::time(nullptr)))},
                 {"device", DeviceJson(bench.device)},
                 {"precision", NameOf(bench.precision)},
                 {"determinism", "always"}};
  const bool cpu = DeviceName(report) == "CPU";
  if (cpu) report["precision"] = NameOf(Precision::kFloat32);
  const double peak =
      bench.precision == Precision::kBFloat16 ? PeakBFloat16Flops(DeviceName(report)) : 0;
  report["peak_tflops"] = peak > 0 ? Json(peak / 1e12) : Json(nullptr);
  const std::string reason =
      HasDevice(report) ? kNotTried : report.at("device").at("problem").get<std::string>();
  report["models"] = Json::array();
  for (const BenchmarkModel& model : models) {
    report["models"].push_back(NotMeasuredJson(model, Planned(model, report), reason));
  }
  return report;
}

bool HasDevice(const Json& report) { return !report.at("device").contains("problem"); }

void MeasureInProcess(const ModelsBench& bench, const std::vector<BenchmarkModel>& models,
                      Json& report, const std::function<void()>& publish) {
  const Json& peak = report.at("peak_tflops");
  const double peak_flops = peak.is_number() ? peak.get<double>() * 1e12 : 0;
  const std::string device = DeviceWord(report);
  for (size_t i = 0; i < models.size(); ++i) {
    MeasureModel(
        models[i], [&] { return MakeBackend(device, bench.precision, bench.threads); },
        OptionsFor(bench, report),
        [&](const ModelFigures& figures) {
          report["models"][i] = ModelFiguresJson(models[i], figures, peak_flops);
          publish();
        });
  }
}

void MeasureInProcesses(const ModelsBench& bench, const std::vector<BenchmarkModel>& models,
                        Json& report, const std::function<void()>& publish) {
  const fs::path file =
      fs::temp_directory_path() / fmt::format("upcycle-bench-{}.json", ProcessNumber());
  const Stopwatch all;
  for (size_t i = 0; i < models.size(); ++i) {
    const double left = bench.budget_seconds - all.Seconds();
    const Stopwatch one;
    report["models"][i] =
        left <= 0
            ? NotMeasuredJson(models[i], Planned(models[i], report),
                              fmt::format("no time was left of {:g} s", bench.budget_seconds))
            : MeasureElsewhere(bench, models[i], report, file, std::min(left, bench.model_seconds));
    std::error_code none;
    fs::remove(file, none);
    fmt::print(stderr, "bench: {}: {:.1f} s\n", models[i].name, one.Seconds());
    publish();
  }
}

}  // namespace upcycle
