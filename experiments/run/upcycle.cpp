#include "experiments/run/upcycle.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/check.h"
#include "core/random.h"
#include "experiments/run/neuron_changes.h"
#include "experiments/run/parameters.h"

namespace upcycle {
namespace {

// The mean over the parents, which for one parent is that parent to the bit.
void FillMean(std::span<float> values, const Part& part, std::span<const ParentReader> parents) {
  std::vector<double> sums(parents.size() > 1 ? values.size() : 0);
  for (const ParentReader& parent : parents) {
    const std::span<const float> dense = parent(part);
    UPCYCLE_CHECK_EQ(dense.size(), values.size());
    if (sums.empty()) std::copy(dense.begin(), dense.end(), values.begin());
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += dense[i];
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    values[i] = static_cast<float>(sums[i] / static_cast<double>(parents.size()));
  }
}

}  // namespace

Upcycler::Upcycler(const Architecture& target, const UpcycleSettings& settings, uint64_t seed)
    : target_(target), settings_(settings), seed_(seed), neurons_(target, settings, seed) {}

void Upcycler::Fill(std::span<float> values, const Part& part,
                    std::span<const ParentReader> parents) const {
  UPCYCLE_CHECK(parents.size() == 1 || settings_.method == UpcycleMethod::kBranchTrainMix);
  if (part.kind == PartKind::kRouter) return FillRouter(values, part);
  if (BeginsAtZero(part.kind)) return std::fill(values.begin(), values.end(), 0.0f);
  if (IsOfSharedExpert(part.kind)) return FillShared(values, part, parents);
  if (part.expert < 0) return FillMean(values, part, parents);
  FillExpert(values, part, parents[static_cast<size_t>(part.expert) % parents.size()]);
}

// Rows are independent, but those of a virtual group are one row, so that the top-G experts of a
// token are one whole dense MLP. With granularity 1 a group is one expert.
void Upcycler::FillRouter(std::span<float> values, const Part& part) const {
  const int64_t width = target_.model.width;
  const int64_t sharing = MakesVirtualGroups(settings_.method) ? target_.moe.granularity : 1;
  const RandomStream stream(seed_, fmt::format("upcycle/router/{}", part.layer));
  for (int64_t expert = 0; expert < target_.moe.Experts(); ++expert) {
    const int64_t row = expert / sharing;
    for (int64_t i = 0; i < width; ++i) {
      values[static_cast<size_t>(expert * width + i)] = static_cast<float>(
          target_.moe.router.init_std * stream.Normal(static_cast<uint64_t>(row * width + i)));
    }
  }
}

// The shared expert is the dense MLP.
void Upcycler::FillShared(std::span<float> values, const Part& part,
                          std::span<const ParentReader> parents) const {
  FillMean(values, {DenseKindOf(part.kind), part.layer}, parents);
  const ExpertScales scales = ScalesOf(target_.moe, settings_, target_.model.family);
  if (part.kind != PartKind::kSharedDown || scales.shared_down == 1) return;
  for (float& value : values) value *= static_cast<float>(scales.shared_down);
}

void Upcycler::FillExpert(std::span<float> values, const Part& part,
                          const ParentReader& parent) const {
  const PartKind kind = DenseKindOf(part.kind);
  TakeNeurons(values, parent({kind, part.layer}), kind, target_.model.width,
              neurons_.Taken(part.layer, part.expert));
  if (ChangesNeurons(settings_.method)) ChangeNeurons(values, part);
  const double scale = ScaleOf(part.kind);
  if (scale == 1) return;
  for (float& value : values) value = static_cast<float>(scale * static_cast<double>(value));
}

void Upcycler::ChangeNeurons(std::span<float> values, const Part& part) const {
  const std::vector<int64_t> changed = neurons_.Changed(part.layer, part.expert);
  const NeuronsOfMatrix matrix = {values, part, target_.model.width, changed};
  const RandomStream stream(seed_, fmt::format("upcycle/draw/{}/{}/{}", static_cast<int>(part.kind),
                                               part.layer, part.expert));
  if (settings_.method == UpcycleMethod::kDrop) RedrawNeurons(matrix, stream);
  if (settings_.method == UpcycleMethod::kNoise) AddNoise(matrix, settings_.noise_std, stream);
  if (settings_.method == UpcycleMethod::kQwen) RefreshNeurons(matrix, target_, stream);
}

double Upcycler::ScaleOf(PartKind expert_kind) const {
  const ExpertScales scales = ScalesOf(target_.moe, settings_, target_.model.family);
  if (expert_kind == PartKind::kExpertGate) return scales.gate;
  return expert_kind == PartKind::kExpertUp ? scales.up : scales.down;
}

}  // namespace upcycle
