// `upcycle bench`: training steps against this machine's own matrix rate.

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "experiments/run/step_benchmark.h"
#include "kernels/cpu/sgemm_rate.h"
#include "tools/command_line.h"
#include "tools/commands.h"
#include "tools/cores.h"

namespace upcycle {
namespace {

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

}  // namespace

int BenchCommand(const Arguments& arguments) {
  std::string widths = "128,512,1024";
  int threads = 0;
  int seconds = 5;
  bool json = false;
  CommandLine line(
      "bench [options]",
      "Times whole training steps of a dense and an E8G1T2 model of two layers, and sets them\n"
      "against the rate of large matrix products on the same threads.");
  line.Option("widths", &widths, "widths of the residual stream, separated by commas");
  line.Option("threads", &threads, "CPU threads; 0: all");
  line.Option("seconds", &seconds, "time for each measurement");
  line.Flag("json", &json, "as JSON");
  line.Parse(arguments);
  if (threads <= 0) threads = Cores();

  const auto backend = MakeCpuBackend(threads);
  nlohmann::json rows = nlohmann::json::array();
  if (!json) {
    fmt::print("{}\n{:>6} {:>7} {:>12} {:>10} {:>14} {:>7}\n", backend->Name(), "width", "model",
               "tokens/s", "GFLOP/s", "sgemm GFLOP/s", "share");
  }
  for (int64_t width : ParseWidths(widths)) {
    for (bool experts : {false, true}) {
      const double sgemm = MeasureSgemmGflops(threads, 1.0);
      const StepRate rate = MeasureStep(*backend, BenchArchitecture(width, experts),
                                        kBatchTokens / kLength, static_cast<double>(seconds));
      const char* model = experts ? "E8G1T2" : "dense";
      rows.push_back({{"width", width},
                      {"model", model},
                      {"tokens_per_second", rate.tokens_per_second},
                      {"gflops", rate.gflops},
                      {"sgemm_gflops", sgemm},
                      {"share", rate.gflops / sgemm}});
      if (json) continue;
      fmt::print("{:>6} {:>7} {:>12.0f} {:>10.1f} {:>14.1f} {:>6.0f}%\n", width, model,
                 rate.tokens_per_second, rate.gflops, sgemm, 100 * rate.gflops / sgemm);
    }
  }
  if (json) fmt::print("{}\n", rows.dump(2));
  return kExitDone;
}

}  // namespace upcycle
