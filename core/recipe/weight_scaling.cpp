#include "core/recipe/weight_scaling.h"

#include <algorithm>
#include <cmath>

namespace upcycle {
namespace {

ExpertScales ScalesOfPaper(const MoeSettings& moe, UpcycleMethod method, Family family) {
  if (method == UpcycleMethod::kCopy || method == UpcycleMethod::kVirtualGroups) {
    const double cube_root = std::cbrt(MissingFactor(moe));
    return {IsGated(TraitsOf(family).activation) ? cube_root : 1, cube_root, cube_root};
  }
  if (method == UpcycleMethod::kSplit) {
    return {1, 1, static_cast<double>(moe.Experts()) / static_cast<double>(moe.top_k)};
  }
  return {};
}

// Each activation is homogeneous in what is scaled here, but GELU, which is in nothing.
ExpertScales ExactScales(double factor, Activation activation) {
  switch (activation) {
    case Activation::kSwiGlu:
    case Activation::kGeGlu:
      return {1, std::sqrt(factor), std::sqrt(factor)};
    case Activation::kSquaredRelu:
      return {1, std::cbrt(factor), std::cbrt(factor)};
    case Activation::kGelu:
    case Activation::kGeluTanh:
      break;
  }
  return {1, 1, factor};
}

}  // namespace

double MissingFactor(const MoeSettings& moe) {
  const double granularity = static_cast<double>(moe.granularity);
  const double routed = moe.shared_expert == SharedExpert::kNone ? 1 : 0.5;
  if (moe.router.order == RoutingOrder::kTopkThenSoftmax) return routed * granularity;
  double served = static_cast<double>(moe.top_k);
  if (moe.ExpertsChoose()) {
    // A token is served once by each expert at most, whatever room there is.
    served = std::min(served * moe.capacity_factor.factor.value_or(1),
                      static_cast<double>(moe.Experts()));
  }
  const double weight =
      moe.router.score == RouterScore::kSigmoid ? 0.5 : 1 / static_cast<double>(moe.Experts());
  return routed * granularity / (served * weight);
}

ExpertScales ScalesOf(const MoeSettings& moe, const UpcycleSettings& settings, Family family) {
  if (settings.scaling == WeightScaling::kNone) return {};
  ExpertScales scales;
  if (settings.scaling == WeightScaling::kPaper) {
    if (!PaperScales(settings.method)) return {};
    scales = ScalesOfPaper(moe, settings.method, family);
  } else {
    scales = ExactScales(MissingFactor(moe), TraitsOf(family).activation);
  }
  if (moe.shared_expert == SharedExpert::kPlain) scales.shared_down = 0.5;
  return scales;
}

}  // namespace upcycle
