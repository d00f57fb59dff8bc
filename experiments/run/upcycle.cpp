#include "experiments/run/upcycle.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/check.h"
#include "core/random.h"
#include "experiments/run/parameters.h"

namespace upcycle {

int64_t ShardOfExpert(int64_t expert, const MoeSettings& moe) { return expert % moe.granularity; }

double MissingFactor(const MoeSettings& moe) {
  const double granularity = static_cast<double>(moe.granularity);
  if (moe.router.order == RoutingOrder::kTopkThenSoftmax) return granularity;
  return static_cast<double>(moe.expansion) * granularity * granularity /
         static_cast<double>(moe.top_k);
}

ExpertScales ScalesOf(const MoeSettings& moe, WeightScaling scaling, Activation activation) {
  const double factor = MissingFactor(moe);
  const double cube_root = std::cbrt(factor);
  switch (scaling) {
    case WeightScaling::kNone:
      return {};
    case WeightScaling::kPaper:
      return {cube_root, cube_root, cube_root};
    case WeightScaling::kExact:
      if (activation == Activation::kSquaredRelu) return {1, cube_root, cube_root};
      return {1, std::sqrt(factor), std::sqrt(factor)};
  }
  return {};
}

PartKind DenseKindOf(PartKind expert_kind) {
  switch (expert_kind) {
    case PartKind::kExpertGate:
      return PartKind::kGate;
    case PartKind::kExpertUp:
      return PartKind::kUp;
    case PartKind::kExpertDown:
      return PartKind::kDown;
    default:
      UPCYCLE_CHECK(expert_kind == PartKind::kExpertDown);
      return expert_kind;
  }
}

void CopyShard(std::span<float> out, std::span<const float> dense, PartKind dense_kind,
               int64_t width, int64_t hidden, int64_t shard, int64_t shards) {
  const int64_t shard_width = hidden / shards;
  if (dense_kind != PartKind::kDown) {
    std::copy_n(dense.begin() + shard * shard_width * width, shard_width * width, out.begin());
    return;
  }
  for (int64_t row = 0; row < width; ++row) {
    std::copy_n(dense.begin() + row * hidden + shard * shard_width, shard_width,
                out.begin() + row * shard_width);
  }
}

Upcycler::Upcycler(const Architecture& target, const UpcycleSettings& settings, uint64_t seed)
    : target_(target), settings_(settings), seed_(seed) {
  UPCYCLE_CHECK(target.has_experts);
  UPCYCLE_CHECK(settings.method == UpcycleMethod::kCopy ||
                settings.method == UpcycleMethod::kVirtualGroups);
}

void Upcycler::Fill(std::span<float> values, const Part& part, const ParentReader& parent) const {
  switch (part.kind) {
    case PartKind::kRouter:
      return FillRouter(values, part);
    case PartKind::kExpertGate:
    case PartKind::kExpertUp:
    case PartKind::kExpertDown:
      return FillExpert(values, part, parent);
    default: {
      const std::span<const float> dense = parent(part);
      UPCYCLE_CHECK_EQ(dense.size(), values.size());
      std::copy(dense.begin(), dense.end(), values.begin());
    }
  }
}

// One random row for each virtual group, shared by the experts of the group, so that the top-G
// experts of a token are one whole dense MLP. With granularity 1 a group is one expert.
void Upcycler::FillRouter(std::span<float> values, const Part& part) const {
  const int64_t width = target_.model.width;
  const RandomStream stream(seed_, fmt::format("upcycle/router/{}", part.layer));
  for (int64_t expert = 0; expert < target_.moe.Experts(); ++expert) {
    const int64_t group = expert / target_.moe.granularity;
    for (int64_t i = 0; i < width; ++i) {
      values[static_cast<size_t>(expert * width + i)] = static_cast<float>(
          target_.moe.router.init_std * stream.Normal(static_cast<uint64_t>(group * width + i)));
    }
  }
}

void Upcycler::FillExpert(std::span<float> values, const Part& part,
                          const ParentReader& parent) const {
  const PartKind kind = DenseKindOf(part.kind);
  CopyShard(values, parent({kind, part.layer}), kind, target_.model.width, target_.model.ffn_width,
            ShardOfExpert(part.expert, target_.moe), target_.moe.granularity);
  const ExpertScales scales = ScalesOf(target_.moe, settings_.scaling, target_.activation());
  const double scale = kind == PartKind::kGate ? scales.gate
                       : kind == PartKind::kUp ? scales.up
                                               : scales.down;
  if (scale == 1) return;
  for (float& value : values) value = static_cast<float>(scale * static_cast<double>(value));
}

}  // namespace upcycle
