#include "experiments/conversion/conversion_plan.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "experiments/formats/model_limits.h"

namespace upcycle {
namespace {

Architecture TargetOf(const Architecture& source, const ConversionSettings& settings) {
  if (!settings.mixture) return source;
  if (source.has_experts) {
    throw Error(Cause::kInput, "the model has experts already; only dense models are upcycled");
  }
  Architecture target = source;
  target.moe = settings.mixture->moe;
  target.has_experts = true;
  const std::string reason = ReasonAgainstSizes(target);
  if (!reason.empty()) throw Error(Cause::kInput, "the mixture cannot be made: " + reason);
  return target;
}

Format ChooseFormat(const Architecture& target, const std::optional<Format>& asked) {
  if (!asked) return FormatOf(target);
  const std::string reason = ReasonAgainst(*asked, target);
  if (reason.empty()) return *asked;
  throw Error(Cause::kInput,
              fmt::format("the model cannot be written as {}: {}", NameOf(*asked), reason));
}

ConvertedFolder PlanFolder(std::string name, StoredTensors tensors, std::optional<RankShare> share,
                           SafetensorsType type, int64_t shard_bytes) {
  std::vector<SafetensorsEntry> entries;
  int64_t bytes = 0;
  for (const StoredTensor& tensor : tensors.all()) {
    entries.push_back({tensor.name, type, tensor.FileShape()});
    bytes += BytesOf(entries.back());
  }
  return {std::move(name), std::move(share), std::move(tensors), PlanShards(entries, shard_bytes),
          bytes};
}

}  // namespace

int64_t ConversionPlan::Bytes() const {
  int64_t bytes = 0;
  for (const ConvertedFolder& folder : folders) bytes += folder.bytes;
  return bytes;
}

int64_t ConversionPlan::Files() const {
  size_t files = 0;
  for (const ConvertedFolder& folder : folders) files += folder.shards.size();
  return static_cast<int64_t>(files);
}

ConversionPlan PlanConversion(const Architecture& source, SafetensorsType type,
                              const ConversionSettings& settings) {
  ConversionPlan plan;
  plan.target = TargetOf(source, settings);
  plan.format = ChooseFormat(plan.target, settings.format);
  plan.type = settings.type.value_or(type);
  if (!settings.layout) {
    plan.folders.push_back(PlanFolder("", StoredTensors(plan.target, plan.format), {}, plan.type,
                                      settings.shard_bytes));
    return plan;
  }
  RequireShares(plan.target, *settings.layout);
  for (const ParallelRank& rank : RanksOf(*settings.layout)) {
    if (settings.rank && !(rank == *settings.rank)) continue;
    RankShare share(plan.target, *settings.layout, rank);
    StoredTensors tensors(share.sizes(), plan.format, share.parts());
    plan.folders.push_back(PlanFolder(NameOf(rank), std::move(tensors), std::move(share), plan.type,
                                      settings.shard_bytes));
  }
  return plan;
}

}  // namespace upcycle
