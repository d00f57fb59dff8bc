#include "tools/terminal/conversion_options.h"

#include <charconv>
#include <cstdio>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

// "5GB", "500MB", in powers of 1000.
int64_t ParseBytes(const std::string& text) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const auto& [name, bytes] : kUnits) {
    if (error == std::errc() && unit == name && number * bytes >= 1 && number * bytes < 1e18) {
      return static_cast<int64_t>(number * bytes);
    }
  }
  throw Error(Cause::kInput,
              fmt::format("--shard-size {}: write a size such as 5GB or 500MB", text));
}

SafetensorsType ParseType(const std::string& text) {
  if (text == "float32") return SafetensorsType::kF32;
  if (text == "bfloat16") return SafetensorsType::kBF16;
  if (text == "float16") return SafetensorsType::kF16;
  throw Error(Cause::kInput,
              fmt::format("--type {}: known are float32, bfloat16 and float16", text));
}

Format ParseFormat(const std::string& text) {
  std::string known;
  for (const auto& entry : EnumNames<Format>::values) {
    if (text == entry.name) return entry.value;
    known += fmt::format("\n  {:<10} {}", entry.name, entry.help);
  }
  throw Error(Cause::kInput, fmt::format("--format {}: known are{}", text, known));
}

// What a converted model is unless it is asked for something else: one that computes what its
// parent computes, in a class that many programs know.
Mixture UsualMixture() {
  Mixture usual;
  usual.moe.router.order = RoutingOrder::kTopkThenSoftmax;
  usual.upcycle.method = UpcycleMethod::kCopy;
  usual.upcycle.scaling = WeightScaling::kExact;
  return usual;
}

}  // namespace

void ConversionOptions::Declare(CommandLine& line) {
  line.Positional("MODEL", &source,
                  "a Hugging Face folder, a run's model, a llama2.c .bin; or, to --dry-run, a "
                  "known model's name, such as llama-3-8b");
  line.Option("output,o", &output, "the folder to write, which does not exist yet");
  line.Option("experts", &experts, "experts a layer: makes the dense model a mixture of experts");
  line.Option("top-k", &top_k, "experts that a token is sent to");
  line.Option("granularity", &granularity, "experts that together are as wide as the dense MLP");
  line.Option("init", &init,
              "how experts are made, as upcycle.method in recipes; copy without it, or "
              "virtual_groups where granularity is above 1");
  line.Option("scaling", &scaling, "of expert weights, as upcycle.scaling in recipes");
  line.Option("set", &settings, "PATH=VALUE, any other setting of moe or upcycle (repeatable)");
  line.Option("branch", &branches,
              "one more branch of --init branch_train_mix beside MODEL (repeatable)");
  line.Option("seed", &seed, "of the router and of whatever else is drawn");
  line.Option("format", &format,
              "of the output; that of a class that computes the model without it");
  line.Option("type", &type, "float32, bfloat16 or float16; the model's own without it");
  line.Option("shard-size", &shard_size, "the most that one file holds");
  line.Option("shard-for", &layout,
              "tp=2,ep=8,pp=4: a folder for each rank of a parallel layout, with its share");
  line.Option("rank", &rank, "tp=0,ep=3,pp=1: the share of this rank alone");
  line.Option("tokenizer", &tokenizer, "a folder or file, in place of what lies beside MODEL");
  line.Flag("dry-run,n", &is_dry_run, "say what would be written, and how long it takes");
  line.Flag("json", &json, "the plan as JSON on standard output");
}

Mixture ConversionOptions::ReadMixtureOf(const ModelSettings& model) const {
  if (experts < 1 || granularity < 1 || experts % granularity != 0) {
    throw Error(Cause::kInput,
                fmt::format("--experts {} --granularity {}: experts are a multiple of granularity, "
                            "such as 8 · {} = {}",
                            experts, granularity, granularity, int64_t{8} * granularity));
  }
  std::vector<std::string> all = {fmt::format("moe.expansion={}", experts / granularity),
                                  fmt::format("moe.granularity={}", granularity),
                                  fmt::format("moe.top_k={}", top_k),
                                  fmt::format("upcycle.scaling={}", scaling)};
  const std::string usual_init = granularity > 1 ? "virtual_groups" : "copy";
  all.push_back(fmt::format("upcycle.method={}", init.empty() ? usual_init : init));
  if (!branches.empty()) all.push_back(fmt::format("upcycle.branches={}", branches.size() + 1));
  all.insert(all.end(), settings.begin(), settings.end());
  Mixture mixture = ReadMixture(model, UsualMixture(), all);
  const UpcycleMethod method = mixture.upcycle.method;
  const bool mixes = method == UpcycleMethod::kBranchTrainMix;
  if (mixes == branches.empty()) {
    throw Error(Cause::kInput, mixes ? "branch_train_mix needs branches: name each beside the "
                                       "first with --branch"
                                     : "--branch is for --init branch_train_mix alone");
  }
  if (method == UpcycleMethod::kNone || method == UpcycleMethod::kScratch) {
    throw Error(Cause::kInput,
                fmt::format("--init {} makes no mixture of experts from a model", NameOf(method)));
  }
  return mixture;
}

bool ConversionOptions::SaysWhatExperts() const {
  const ConversionOptions usual;
  return top_k != usual.top_k || granularity != usual.granularity || scaling != usual.scaling ||
         !init.empty() || !settings.empty() || !branches.empty();
}

ConversionSettings ConversionOptions::Settings(const ModelSettings& model) const {
  ConversionSettings asked;
  const bool is_upcycled = experts != 0;
  if (!is_upcycled && SaysWhatExperts()) {
    throw Error(Cause::kInput, "say how many experts there shall be, with --experts");
  }
  if (is_upcycled) {
    asked.mixture = ReadMixtureOf(model);
    for (const std::string& warning : asked.mixture->warnings) {
      std::fputs(fmt::format("warning: {}\n", warning).c_str(), stderr);
    }
  }
  if (seed < 0) throw Error(Cause::kInput, "--seed must be 0 or more");
  asked.seed = static_cast<uint64_t>(seed);
  if (!format.empty()) asked.format = ParseFormat(format);
  if (!type.empty()) asked.type = ParseType(type);
  asked.shard_bytes = ParseBytes(shard_size);
  asked.tokenizer = tokenizer;
  if (!layout.empty()) asked.layout = ParseLayout(layout);
  if (!rank.empty()) {
    if (!asked.layout) throw Error(Cause::kInput, "--rank is one of --shard-for's ranks");
    asked.rank = ParseRank(rank, *asked.layout);
  }
  return asked;
}

}  // namespace upcycle
