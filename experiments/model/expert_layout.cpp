#include "experiments/model/expert_layout.h"

#include <algorithm>
#include <cmath>

#include "kernels/expert_path.h"

namespace upcycle {
namespace {

ExpertPath PathOf(const Architecture& architecture, const ModelBuild& build, CapacityFactor factor,
                  int64_t capacity, int64_t tokens) {
  switch (build.expert_path) {
    case ExpertPathChoice::kGrouped:
      return ExpertPath::kGrouped;
    case ExpertPathChoice::kStreams:
      return ExpertPath::kStreams;
    case ExpertPathChoice::kPadded:
      return ExpertPath::kPadded;
    case ExpertPathChoice::kAuto:
      break;
  }
  const MoeSettings& moe = architecture.moe;
  return ChooseExpertPath({.experts = moe.Experts(),
                           .assignments = tokens * moe.top_k,
                           .capacity = factor.dropless() ? 0 : capacity,
                           .width = architecture.model.width,
                           .hidden = architecture.ExpertWidth()},
                          build.activation_type);
}

// Whatever the buffers hold.
ExpertLayout UnboundedLayout(const Architecture& architecture, const ModelBuild& build,
                             CapacityFactor factor, int64_t tokens) {
  const MoeSettings& moe = architecture.moe;
  if (moe.ExpertsChoose()) {
    const int64_t chosen = ExpertCapacity(moe, moe.capacity_factor, tokens);
    return {ExpertPath::kPadded, chosen, moe.Experts() * chosen};
  }
  const int64_t capacity = ExpertCapacity(moe, factor, tokens);
  const ExpertPath path = PathOf(architecture, build, factor, capacity, tokens);
  if (path == ExpertPath::kPadded && !factor.dropless()) {
    return {path, capacity, moe.Experts() * capacity};
  }
  const ExpertPath compact = path == ExpertPath::kPadded ? ExpertPath::kGrouped : path;
  return {compact, capacity, tokens * moe.top_k};
}

}  // namespace

int64_t ExpertCapacity(const MoeSettings& moe, CapacityFactor factor, int64_t tokens) {
  if (factor.dropless()) return tokens;
  const double even_share =
      static_cast<double>(tokens * moe.top_k) / static_cast<double>(moe.Experts());
  // A product that should be whole may come out a hair above it, and ceil would add a row.
  const double rows = std::ceil(even_share * *factor.factor - 1e-9);
  return static_cast<int64_t>(std::clamp(rows, 1.0, static_cast<double>(tokens)));
}

ExpertLayout LayoutOf(const Architecture& architecture, const ModelBuild& build,
                      CapacityFactor factor, int64_t tokens) {
  const ExpertLayout layout = UnboundedLayout(architecture, build, factor, tokens);
  if (layout.rows <= MostExpertRows(architecture, build)) return layout;
  return {ExpertPath::kGrouped, layout.capacity, tokens * architecture.moe.top_k};
}

int64_t MostExpertRows(const Architecture& architecture, const ModelBuild& build) {
  if (!architecture.has_experts) return 0;
  const int64_t tokens = build.limits.tokens();
  const ExpertLayout training =
      UnboundedLayout(architecture, build, architecture.moe.capacity_factor, tokens);
  if (architecture.moe.ExpertsChoose()) return training.rows;
  return std::max(training.rows, tokens * architecture.moe.top_k);
}

}  // namespace upcycle
