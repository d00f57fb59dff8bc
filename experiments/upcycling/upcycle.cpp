#include "experiments/upcycling/upcycle.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/check.h"
#include "core/random.h"

namespace upcycle {
namespace {

// Rows that are held at a time where a whole matrix is gone through.
constexpr int64_t kBlockElements = 1 << 22;

}  // namespace

Upcycler::Upcycler(const Architecture& target, const UpcycleSettings& settings, uint64_t seed)
    : target_(target), settings_(settings), seed_(seed), neurons_(target, settings, seed) {}

void Upcycler::Fill(std::span<float> values, const Part& part,
                    std::span<const ParentReader> parents) const {
  std::vector<RowReader> readers;
  for (const ParentReader& parent : parents) {
    readers.push_back([&](const Part& dense, int64_t begin, std::span<float> out) {
      const Shape shape = PartShape(dense, target_);
      const int64_t columns = shape.rank() > 1 ? shape[1] : 1;
      const std::span<const float> all = parent(dense);
      UPCYCLE_CHECK_EQ(static_cast<int64_t>(all.size()), shape.size());
      std::copy_n(all.begin() + begin * columns, out.size(), out.begin());
    });
  }
  UpcycledPart(*this, part, readers).Fill(0, values);
}

UpcycledPart::UpcycledPart(const Upcycler& upcycler, const Part& part,
                           std::span<const RowReader> parents)
    : upcycler_(upcycler), part_(part), parents_(parents) {
  const UpcycleMethod method = upcycler.settings_.method;
  UPCYCLE_CHECK(parents.size() == 1 || method == UpcycleMethod::kBranchTrainMix);
  const Shape shape = PartShape(part, upcycler.target_);
  rows_ = shape[0];
  columns_ = shape.rank() > 1 ? shape[1] : 1;
  if (part.expert < 0) return;
  taken_ = upcycler.neurons_.Taken(part.layer, part.expert);
  changed_ = upcycler.neurons_.Changed(part.layer, part.expert);
  if (method == UpcycleMethod::kDrop) moments_ = MomentsOfChanged();
}

std::optional<UpcycledPart::Original> UpcycledPart::CopyOf() const {
  const bool is_mean = part_.expert < 0 && parents_.size() > 1;
  if (part_.kind == PartKind::kRouter || BeginsAtZero(part_.kind) || is_mean) return {};
  if (IsOfSharedExpert(part_.kind) || part_.expert >= 0) return CopyOfMlp();
  return Original{0, part_};
}

std::optional<UpcycledPart::Original> UpcycledPart::CopyOfMlp() const {
  if (Scale() != 1 || !changed_.empty()) return {};
  const Part dense = {DenseKindOf(part_.kind), part_.layer};
  if (part_.expert < 0) return Original{0, dense};
  // All neurons, each in its place.
  if (static_cast<int64_t>(taken_.size()) != upcycler_.target_.model.ffn_width) return {};
  for (size_t i = 0; i < taken_.size(); ++i) {
    if (taken_[i] != static_cast<int64_t>(i)) return {};
  }
  return Original{static_cast<size_t>(part_.expert) % parents_.size(), dense};
}

void UpcycledPart::Fill(int64_t begin, std::span<float> values) const {
  UPCYCLE_CHECK(begin >= 0 &&
                begin * columns_ + static_cast<int64_t>(values.size()) <= rows_ * columns_);
  if (part_.kind == PartKind::kRouter) return FillRouter(begin, values);
  if (BeginsAtZero(part_.kind)) return std::fill(values.begin(), values.end(), 0.0f);
  if (IsOfSharedExpert(part_.kind)) return FillShared(begin, values);
  if (part_.expert < 0) return FillMean(part_, begin, values);
  FillExpert(begin, values);
}

// The branch that an expert is made of.
const RowReader& UpcycledPart::Parent() const {
  return parents_[static_cast<size_t>(part_.expert) % parents_.size()];
}

// The mean over the parents, which for one parent is that parent to the bit.
void UpcycledPart::FillMean(const Part& part, int64_t begin, std::span<float> values) const {
  if (parents_.size() == 1) return parents_.front()(part, begin, values);
  std::vector<double> sums(values.size());
  for (const RowReader& parent : parents_) {
    parent(part, begin, values);
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += values[i];
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    values[i] = static_cast<float>(sums[i] / static_cast<double>(parents_.size()));
  }
}

// Rows are independent, but those of a virtual group are one row, so that the top-G experts of a
// token are one whole dense MLP. With granularity 1 a group is one expert.
void UpcycledPart::FillRouter(int64_t begin, std::span<float> values) const {
  const MoeSettings& moe = upcycler_.target_.moe;
  const int64_t sharing = MakesVirtualGroups(upcycler_.settings_.method) ? moe.granularity : 1;
  const RandomStream stream(upcycler_.seed_, fmt::format("upcycle/router/{}", part_.layer));
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t expert = begin + static_cast<int64_t>(i) / columns_;
    const int64_t column = static_cast<int64_t>(i) % columns_;
    const auto place = static_cast<uint64_t>(expert / sharing * columns_ + column);
    values[i] = static_cast<float>(moe.router.init_std * stream.Normal(place));
  }
}

// The shared expert is the dense MLP.
void UpcycledPart::FillShared(int64_t begin, std::span<float> values) const {
  FillMean({DenseKindOf(part_.kind), part_.layer}, begin, values);
  const double scale = Scale();
  if (scale == 1) return;
  for (float& value : values) value *= static_cast<float>(scale);
}

// The rows as the parent has them.
NeuronRows UpcycledPart::Take(int64_t begin, std::span<float> values) const {
  const ModelSettings& model = upcycler_.target_.model;
  TakeNeuronRows(values, begin, Parent(), {DenseKindOf(part_.kind), part_.layer}, model.width,
                 model.ffn_width, taken_);
  return {values, part_, begin, columns_, changed_};
}

void UpcycledPart::FillExpert(int64_t begin, std::span<float> values) const {
  const NeuronRows rows = Take(begin, values);
  if (ChangesNeurons(upcycler_.settings_.method)) Change(rows);
  const double scale = Scale();
  if (scale == 1) return;
  for (float& value : values) value = static_cast<float>(scale * static_cast<double>(value));
}

void UpcycledPart::Change(const NeuronRows& rows) const {
  const UpcycleSettings& settings = upcycler_.settings_;
  const RandomStream stream(upcycler_.seed_,
                            fmt::format("upcycle/draw/{}/{}/{}", static_cast<int>(part_.kind),
                                        part_.layer, part_.expert));
  if (settings.method == UpcycleMethod::kDrop) RedrawNeurons(rows, moments_, stream);
  if (settings.method == UpcycleMethod::kNoise) AddNoise(rows, settings.noise_std, stream);
  if (settings.method == UpcycleMethod::kQwen) RefreshNeurons(rows, upcycler_.target_, stream);
}

NormalMoments UpcycledPart::MomentsOfChanged() const {
  const int64_t block = std::max<int64_t>(1, kBlockElements / columns_);
  std::vector<float> values;
  return MomentsOfNeurons([&](const std::function<void(const NeuronRows&)>& body) {
    for (int64_t begin = 0; begin < rows_; begin += block) {
      values.resize(static_cast<size_t>(std::min(block, rows_ - begin) * columns_));
      body(Take(begin, values));
    }
  });
}

double UpcycledPart::Scale() const {
  const Architecture& target = upcycler_.target_;
  const ExpertScales scales = ScalesOf(target.moe, upcycler_.settings_, target.model.family);
  switch (part_.kind) {
    case PartKind::kExpertGate:
      return scales.gate;
    case PartKind::kExpertUp:
      return scales.up;
    case PartKind::kExpertDown:
      return scales.down;
    case PartKind::kSharedDown:
      return scales.shared_down;
    default:
      return 1;
  }
}

}  // namespace upcycle
