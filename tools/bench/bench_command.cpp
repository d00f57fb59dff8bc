// `upcycle bench`: training steps against this machine's own matrix rate; the orchestration.

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/enum_names.h"
#include "core/error.h"
#include "experiments/bench/step_benchmark.h"
#include "kernels/cpu/sgemm_rate.h"
#include "tools/bench/bench_markdown.h"
#include "tools/bench/bench_models.h"
#include "tools/bench/bench_orchestration.h"
#include "tools/bench/bench_report.h"
#include "tools/bench/bench_statistics.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/cores.h"
#include "tools/terminal/model_options.h"
#include "tools/terminal/option_values.h"
#include "tools/terminal/output_file.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr int64_t kLength = 256;
constexpr int64_t kHeadWidth = 64;
constexpr int64_t kVocabulary = 4096;
constexpr int64_t kLayers = 2;
constexpr int64_t kBatchTokens = 4096;

Architecture BenchArchitecture(int64_t width, bool experts) {
  Architecture architecture;
  ModelSettings& model = architecture.model;
  model.layers = kLayers;
  model.width = width;
  model.heads = std::max<int64_t>(1, width / kHeadWidth);
  model.ffn_width = 3 * width;
  model.sequence_length = kLength;
  architecture.vocabulary = kVocabulary;
  architecture.has_experts = experts;  // E8G1T2, dropless
  return architecture;
}

std::vector<int64_t> ParseWidths(const std::string& text) {
  std::vector<int64_t> widths;
  std::istringstream stream(text);
  std::string word;
  while (std::getline(stream, word, ',')) {
    const int64_t width = std::atoll(word.c_str());
    if (width < kHeadWidth || width % kHeadWidth != 0) {
      throw Error(Cause::kInput,
                  fmt::format("\"{}\" is not a width: expected multiples of {}", word, kHeadWidth));
    }
    widths.push_back(width);
  }
  return widths;
}

// The file's text: replaced as a whole, or "-" for standard output.
void Publish(const std::string& file, const std::string& text) {
  if (file.empty()) return;
  if (file == "-") {
    fmt::print("{}", text);
  } else {
    WriteOutputFile(file, text);
  }
}

struct Options {
  std::string device = "auto", precision = "bfloat16", models, widths = "128,512,1024";
  std::string json, markdown, seconds, budget = "300", root;
  int threads = 0;
  bool list = false, in_process = false, orchestration = false, quick = false, statistics = false;

  bool shows() const { return json.empty() && markdown.empty(); }
};

double ParseSeconds(const std::string& text, double otherwise) {
  if (text.empty()) return otherwise;
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !(seconds > 0)) {
    throw Error(Cause::kInput, fmt::format("\"{}\" is not a time in seconds", text));
  }
  return seconds;
}

std::string WidthsMarkdown(const Json& report) {
  std::string text = fmt::format(
      "{}\n\n| width | model | tokens/s | GFLOP/s | sgemm GFLOP/s | share |\n"
      "|---|---|---|---|---|---|\n",
      report.at("device").get<std::string>());
  for (const Json& row : report.at("rows")) {
    text += fmt::format("| {} | {} | {:.0f} | {:.1f} | {:.1f} | {:.0f} % |\n",
                        row.at("width").get<int64_t>(), row.at("model").get<std::string>(),
                        row.at("tokens_per_second").get<double>(), row.at("gflops").get<double>(),
                        row.at("sgemm_gflops").get<double>(), 100 * row.at("share").get<double>());
  }
  return text;
}

int BenchWidths(const Options& options) {
  const auto backend = MakeCpuBackend(options.threads);
  const double seconds = ParseSeconds(options.seconds, 5);
  Json report = {{"device", backend->Name()}, {"rows", Json::array()}};
  if (options.shows()) {
    fmt::print("{}\n{:>6} {:>7} {:>12} {:>10} {:>14} {:>7}\n", backend->Name(), "width", "model",
               "tokens/s", "GFLOP/s", "sgemm GFLOP/s", "share");
  }
  for (int64_t width : ParseWidths(options.widths)) {
    for (bool experts : {false, true}) {
      const double sgemm = MeasureSgemmGflops(options.threads, 1.0);
      const StepRate rate =
          MeasureStep(*backend, BenchArchitecture(width, experts), kBatchTokens / kLength, seconds);
      const char* model = experts ? "E8G1T2" : "dense";
      report["rows"].push_back({{"width", width},
                                {"model", model},
                                {"tokens_per_second", rate.tokens_per_second},
                                {"gflops", rate.gflops},
                                {"sgemm_gflops", sgemm},
                                {"share", rate.gflops / sgemm}});
      if (!options.shows()) continue;
      fmt::print("{:>6} {:>7} {:>12.0f} {:>10.1f} {:>14.1f} {:>6.0f}%\n", width, model,
                 rate.tokens_per_second, rate.gflops, sgemm, 100 * rate.gflops / sgemm);
    }
  }
  Publish(options.json, report.dump(2) + "\n");
  if (!options.markdown.empty()) Publish(options.markdown, WidthsMarkdown(report));
  return kExitDone;
}

int ListModels(const Options& options, const std::vector<BenchmarkModel>& models) {
  Json list = Json::array();
  for (const BenchmarkModel& model : models) {
    list.push_back(ModelShapeJson(model));
    if (options.json.empty()) fmt::print("{}\n", model.name);
  }
  Publish(options.json, list.dump(2) + "\n");
  return kExitDone;
}

// Writes what there is into files as it comes, so that an early end leaves most of it.
int BenchModels(const Options& options, const std::vector<BenchmarkModel>& models) {
  ModelsBench bench;
  bench.device = options.device;
  bench.threads = options.threads;
  bench.precision = ValueOf<Precision>("precision", options.precision);
  bench.seconds = ParseSeconds(options.seconds, 2);
  bench.budget_seconds = ParseSeconds(options.budget, 300);
  Json report = EmptyReport(bench, models);
  const auto write = [&](bool last) {
    if (last || options.json != "-") Publish(options.json, report.dump(2) + "\n");
    const std::string markdown = options.shows() ? "-" : options.markdown;
    if (last || (!markdown.empty() && markdown != "-")) Publish(markdown, BenchMarkdown(report));
  };
  write(false);
  if (HasDevice(report)) {
    const auto measure = options.in_process ? MeasureInProcess : MeasureInProcesses;
    measure(bench, models, report, [&] { write(false); });
  }
  write(true);
  return HasDevice(report) ? kExitDone : kExitFailed;
}

int BenchOrchestration(const Options& options) {
  const Json report = MeasureOrchestration(
      {.folder = options.root.empty() ? fs::temp_directory_path() : fs::path(options.root),
       .jobs = options.threads,
       .quick = options.quick});
  if (options.shows()) fmt::print("{}", OrchestrationText(report));
  Publish(options.json, report.dump(2) + "\n");
  if (!options.markdown.empty()) Publish(options.markdown, OrchestrationMarkdown(report));
  return kExitDone;
}

int BenchStatistics(const Options& options) {
  const Json report = MeasureStatistics(options.threads, options.quick);
  const std::string markdown = StatisticsMarkdown(report);
  if (options.shows()) fmt::print("{}", markdown);
  Publish(options.json, report.dump(2) + "\n");
  Publish(options.markdown, markdown);
  return kExitDone;
}

}  // namespace

int BenchCommand(const Arguments& arguments) {
  Options options;
  CommandLine line(
      "bench [options]",
      "How fast this machine trains: whole training steps. On a GPU those of Llama-3-8B's layers,\n"
      "0.5B and small models, dense and with experts; on a CPU a dense and an E8G1T2 model of two\n"
      "layers by width, set against the rate of large matrix products on the same threads.\n"
      "With --orchestration: what 10,000 runs cost beside their training.\n"
      "With --statistics: how often verdicts on simulated studies are wrong, and how often they\n"
      "find what is there.");
  line.Option("device", &options.device,
              "auto, cpu, cuda or cuda:N; auto is a GPU if there is one");
  line.Option("models", &options.models,
              "the GPU's models whose names hold this regular expression, on any device");
  line.Option("precision", &options.precision, "of those models: bfloat16 or float32");
  line.Option("seconds", &options.seconds, "for each measurement, at least [2; by width 5]");
  line.Option("budget", &options.budget, "seconds for all models; the rest is not measured");
  line.Option("widths", &options.widths, "widths of the residual stream, separated by commas");
  line.Option("threads", &options.threads, "CPU threads; 0: all");
  line.Option("json", &options.json, "write JSON to this file, - for standard output");
  line.Option("markdown", &options.markdown, "write Markdown to this file, or -");
  line.Flag("orchestration", &options.orchestration,
            "measure planning, scheduling, recording, status and compare, with stages of no work");
  line.Flag("statistics", &options.statistics,
            "simulate studies with and without differences, and judge them");
  line.Flag("quick", &options.quick,
            "of the orchestration and the statistics a small part, in seconds");
  line.Option("root", &options.root,
              "folder for what the orchestration writes, 300 MB, and removes [TMPDIR or /tmp]");
  line.Flag("list", &options.list, "only list the GPU's models and their sizes");
  line.Flag("in-process", &options.in_process, "measure models here, not each in its own process");
  line.Parse(arguments);
  RequireDeviceWord(options.device);
  if (options.threads <= 0) options.threads = Cores();
  if (options.orchestration) return BenchOrchestration(options);
  if (options.statistics) return BenchStatistics(options);
  const bool gpu =
      options.device.starts_with("cuda") || (options.device == "auto" && CudaDeviceCount() > 0);
  if (!gpu && !options.list && options.models.empty()) return BenchWidths(options);
  const std::vector<BenchmarkModel> models = ChosenModels(options.models);
  return options.list ? ListModels(options, models) : BenchModels(options, models);
}

}  // namespace upcycle
