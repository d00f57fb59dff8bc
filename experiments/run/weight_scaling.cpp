#include "experiments/run/weight_scaling.h"

#include <cmath>

namespace upcycle {
namespace {

ExpertScales ScalesOfPaper(const MoeSettings& moe, UpcycleMethod method) {
  if (method == UpcycleMethod::kCopy || method == UpcycleMethod::kVirtualGroups) {
    const double cube_root = std::cbrt(MissingFactor(moe));
    return {cube_root, cube_root, cube_root};
  }
  if (method == UpcycleMethod::kSplit) {
    return {1, 1, static_cast<double>(moe.Experts()) / static_cast<double>(moe.top_k)};
  }
  return {};
}

}  // namespace

double MissingFactor(const MoeSettings& moe) {
  const double granularity = static_cast<double>(moe.granularity);
  if (moe.router.order == RoutingOrder::kTopkThenSoftmax) return granularity;
  return static_cast<double>(moe.expansion) * granularity * granularity /
         static_cast<double>(moe.top_k);
}

ExpertScales ScalesOf(const MoeSettings& moe, const UpcycleSettings& settings,
                      Activation activation) {
  switch (settings.scaling) {
    case WeightScaling::kNone:
      return {};
    case WeightScaling::kPaper:
      return ScalesOfPaper(moe, settings.method);
    case WeightScaling::kExact:
      break;
  }
  const double factor = MissingFactor(moe);
  const bool squared = activation == Activation::kSquaredRelu;  // up counts twice
  const double root = squared ? std::cbrt(factor) : std::sqrt(factor);
  return {1, root, root};
}

}  // namespace upcycle
