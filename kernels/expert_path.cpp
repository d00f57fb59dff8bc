#include "kernels/expert_path.h"

#include <algorithm>

#include "core/check.h"

namespace upcycle {
namespace {

// A side of a product that is below this leaves most of cublasLt's tiles of 128 · 256 unfilled or
// spends its time on their edges.
constexpr int64_t kSmallestWidth = 512;
// One tile of rows for every expert.
constexpr int64_t kSmallestCapacity = 128;
// Beyond twice the rows that exist, padding costs more than cublasLt gains over our own kernel.
constexpr int64_t kMostPadding = 2;
// Below these rows an expert's product is shorter than launching it beside the others.
constexpr int64_t kSmallestShareOfStreams = 512;
// Launches come one behind the other: 16 experts are four on each of four streams.
constexpr int64_t kMostExpertsOfStreams = 16;

}  // namespace

ExpertPath ChooseExpertPath(const ExpertSizes& sizes, DataType activation_type) {
  UPCYCLE_CHECK(sizes.experts >= 1 && sizes.assignments >= 0 && sizes.capacity >= 0);
  if (activation_type == DataType::kFloat32) return ExpertPath::kGrouped;
  if (std::min(sizes.width, sizes.hidden) < kSmallestWidth) return ExpertPath::kGrouped;
  if (sizes.capacity >= kSmallestCapacity &&
      sizes.experts * sizes.capacity <= kMostPadding * sizes.assignments) {
    return ExpertPath::kPadded;
  }
  if (sizes.experts <= kMostExpertsOfStreams &&
      sizes.assignments >= kSmallestShareOfStreams * sizes.experts) {
    return ExpertPath::kStreams;
  }
  return ExpertPath::kGrouped;
}

}  // namespace upcycle
