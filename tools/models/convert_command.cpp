// `upcycle convert MODEL -o FOLDER`

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/checkpoints/tensor_folder.h"
#include "core/error.h"
#include "core/plural.h"
#include "core/stop_signals.h"
#include "experiments/conversion/conversion.h"
#include "experiments/conversion/disk_rate.h"
#include "experiments/conversion/unfinished_folder.h"
#include "experiments/formats/config_reader.h"
#include "experiments/model/model_cost.h"
#include "results/tables/number_text.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/conversion_options.h"
#include "tools/terminal/progress_bar.h"

namespace upcycle {
namespace {

using nlohmann::json;

// Long enough that a disk's own memory does not hold it.
constexpr int64_t kProbeBytes = 512 << 20;

int64_t ParametersOf(const Architecture& architecture, bool active) {
  const Cost cost = CostOf(architecture);
  return (active ? cost.active_parameters : cost.parameters).Total();
}

std::string Describe(const ConversionPlan& plan) {
  const Architecture& target = plan.target;
  std::string experts;
  if (target.has_experts) {
    experts =
        fmt::format(", {} experts a layer, {} a token ({} parameters)", target.moe.Experts(),
                    target.moe.top_k, CountText(static_cast<double>(ParametersOf(target, true))));
  }
  const bool is_shared = plan.folders.front().share.has_value();
  return fmt::format(
      "{} as {}: {} parameters{}, {}; {} in {}{}\n", NameOf(target.model.family),
      NameOf(plan.format), CountText(static_cast<double>(ParametersOf(target, false))), experts,
      NameOf(plan.type), BytesText(static_cast<double>(plan.Bytes())), Plural(plan.Files(), "file"),
      is_shared ? fmt::format(" for {} ranks", plan.folders.size()) : "");
}

json PlanJson(const ConversionPlan& plan) {
  json folders = json::array();
  for (const ConvertedFolder& folder : plan.folders) {
    json files = json::array();
    for (const Shard& shard : folder.shards) {
      files.push_back(
          {{"file", shard.file}, {"tensors", shard.entries.size()}, {"bytes", shard.bytes}});
    }
    folders.push_back({{"folder", folder.name}, {"bytes", folder.bytes}, {"files", files}});
  }
  return {{"family", NameOf(plan.target.model.family)},
          {"format", NameOf(plan.format)},
          {"type", NameOf(plan.type)},
          {"parameters", ParametersOf(plan.target, false)},
          {"active_parameters", ParametersOf(plan.target, true)},
          {"bytes", plan.Bytes()},
          {"folders", folders}};
}

// The sizes of a model that need not be there: a folder's configuration, or a known name.
ConversionPlan PlanWithoutWeights(const ConversionOptions& options) {
  if (const auto known = ValueNamed<KnownModel>(options.source)) {
    ModelSettings model;
    BecomeKnownModel(model, *known);
    const Architecture dense = {model, {}, false, model.vocabulary};
    return PlanConversion(dense, SafetensorsType::kBF16, options.Settings(model));
  }
  const fs::path folder = options.source;
  if (fs::exists(folder / kIndexFile) || fs::exists(folder / kWeightsFile) ||
      !fs::is_directory(folder)) {
    const ModelSource source(options.source);
    return PlanConversion(source.architecture(), source.type(),
                          options.Settings(source.architecture().model));
  }
  const Architecture dense = ReadModelConfig(options.source).architecture;
  return PlanConversion(dense, SafetensorsType::kBF16, options.Settings(dense.model));
}

// The folder that exists and will hold the output.
fs::path ExistingFolder(const fs::path& output) {
  fs::path folder = fs::absolute(output).parent_path();
  while (!fs::exists(folder)) folder = folder.parent_path();
  return folder;
}

int DryRun(const ConversionOptions& options) {
  const ConversionPlan plan = PlanWithoutWeights(options);
  const double rate =
      MeasureWriteRate(ExistingFolder(options.output.empty() ? "." : options.output), kProbeBytes);
  const double seconds = static_cast<double>(plan.Bytes()) / rate;
  if (options.json) {
    json all = PlanJson(plan);
    all["write_bytes_per_second"] = rate;
    all["seconds"] = seconds;
    fmt::print("{}\n", all.dump(2));
    return kExitDone;
  }
  fmt::print("{}", Describe(plan));
  for (const ConvertedFolder& folder : plan.folders) {
    for (const Shard& shard : folder.shards) {
      fmt::print("  {:<44} {:>6} tensors  {:>10}\n", (fs::path(folder.name) / shard.file).native(),
                 shard.entries.size(), BytesText(static_cast<double>(shard.bytes)));
    }
  }
  fmt::print("about {} at the {}/s that this disk was just seen to write\n", ClockText(seconds),
             BytesText(rate));
  return kExitDone;
}

// What an earlier attempt has written.
int64_t BytesThere(const fs::path& output) {
  int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(UnfinishedFolder::PathFor(output), error), end;
       !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (entry->is_regular_file(gone)) bytes += static_cast<int64_t>(entry->file_size(gone));
  }
  return bytes;
}

void RequireSpace(const fs::path& output, int64_t planned) {
  std::error_code error;
  const int64_t bytes = std::max<int64_t>(0, planned - BytesThere(output));
  const fs::space_info space = fs::space(ExistingFolder(output), error);
  if (error || space.available >= static_cast<uintmax_t>(bytes)) return;
  throw Error(Cause::kDisk,
              fmt::format("{} are needed and {} are free where {} would lie",
                          BytesText(static_cast<double>(bytes)),
                          BytesText(static_cast<double>(space.available)), output.native()));
}

int Convert(const ConversionOptions& options) {
  StopSignals signals;
  std::vector<std::unique_ptr<ModelSource>> sources;
  sources.push_back(std::make_unique<ModelSource>(options.source));
  for (const std::string& branch : options.branches) {
    sources.push_back(std::make_unique<ModelSource>(branch));
  }
  const Conversion conversion(sources, options.Settings(sources.front()->architecture().model));
  const ConversionPlan& plan = conversion.plan();
  std::fputs(Describe(plan).c_str(), stderr);
  RequireSpace(options.output, plan.Bytes());
  ByteProgress progress(plan.Bytes(), ::isatty(STDERR_FILENO) == 1);
  conversion.Run(options.output, [&](int64_t done) {
    progress.Show(done);
    if (signals.Requests() == 0) return;
    throw Error(Cause::kInterrupted, "stopped; the same command goes on where it was");
  });
  if (options.json) fmt::print("{}\n", PlanJson(plan).dump(2));
  std::fputs(fmt::format("wrote {} in {}\n", options.output, ClockText(progress.Seconds())).c_str(),
             stderr);
  return kExitDone;
}

}  // namespace

int ConvertCommand(const Arguments& arguments) {
  ConversionOptions options;
  CommandLine line("convert MODEL -o FOLDER [options]",
                   "Writes a model as a Hugging Face folder: as what it is, or upcycled to a "
                   "mixture of\nexperts. Weights stream from disk to disk; broken off, the same "
                   "command goes on.");
  options.Declare(line);
  line.Parse(arguments);
  if (options.is_dry_run) return DryRun(options);
  if (options.output.empty()) throw Error(Cause::kInput, "say where to write, with -o FOLDER");
  return Convert(options);
}

}  // namespace upcycle
