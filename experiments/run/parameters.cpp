#include "experiments/run/parameters.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/check.h"
#include "core/random.h"

namespace upcycle {
namespace {

constexpr int64_t kAlignmentElements = 32;  // 64 bytes of bfloat16

int64_t Padded(int64_t elements) {
  return (elements + kAlignmentElements - 1) / kAlignmentElements * kAlignmentElements;
}

// The same name in every architecture that has the part, so that arms share their common tensors.
std::string FreshStreamName(const Part& part) {
  return fmt::format("initialize/{}/{}/{}", static_cast<int>(part.kind), part.layer, part.expert);
}

double FreshStd(const Part& part, const Architecture& architecture) {
  const ModelSettings& model = architecture.model;
  switch (part.kind) {
    case PartKind::kRouter:
      return architecture.moe.router.init_std;
    case PartKind::kOutput:
    case PartKind::kDown:
    case PartKind::kExpertDown:
      return model.init_std / std::sqrt(2.0 * static_cast<double>(model.layers));
    default:
      return model.init_std;
  }
}

bool IsNormWeight(PartKind kind) {
  return kind == PartKind::kAttentionNorm || kind == PartKind::kFeedForwardNorm ||
         kind == PartKind::kFinalNorm;
}

bool IsNormBias(PartKind kind) {
  return kind == PartKind::kAttentionNormBias || kind == PartKind::kFeedForwardNormBias ||
         kind == PartKind::kFinalNormBias;
}

}  // namespace

void FillFreshPart(std::span<float> values, const Part& part, const Architecture& architecture,
                   uint64_t seed) {
  if (IsNormWeight(part.kind) || IsNormBias(part.kind)) {
    std::fill(values.begin(), values.end(), IsNormWeight(part.kind) ? 1.0f : 0.0f);
    return;
  }
  const RandomStream stream(seed, FreshStreamName(part));
  const double std = FreshStd(part, architecture);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(std * stream.Normal(i));
  }
}

void ModelParameters::Declare(Weight* weight, Shape shape, std::vector<Part> parts) {
  int64_t size = 0;
  for (const Part& part : parts) size += PartShape(part, architecture_).size();
  UPCYCLE_CHECK_EQ(size, shape.size());
  declared_.push_back({weight, shape, std::move(parts), 0});
}

void ModelParameters::Plan(BufferPlan& plan, const ModelBuild& build) {
  std::stable_partition(declared_.begin(), declared_.end(),
                        [](const Declared& declared) { return declared.decays(); });
  int64_t elements = 0;
  for (Declared& declared : declared_) {
    declared.offset = elements;
    elements += Padded(declared.shape.size());
    if (declared.decays()) decaying_ = elements;
  }
  plan.Add(&values_, MemoryCategory::kWeights, DataType::kFloat32, {elements});
  if (build.activation_type != DataType::kFloat32) {
    plan.Add(&rounded_, MemoryCategory::kWeights, build.activation_type, {elements});
  }
  if (!build.trains()) return;
  plan.Add(&gradients_, MemoryCategory::kGradients, DataType::kFloat32, {elements});
  plan.Add(&m_, MemoryCategory::kOptimizer, DataType::kFloat32, {elements});
  plan.Add(&v_, MemoryCategory::kOptimizer, DataType::kFloat32, {elements});
}

void ModelParameters::Bind() {
  const bool trains = !gradients_.empty();
  for (const Declared& declared : declared_) {
    const auto place = [&](Tensor flat) {
      return flat.Slice(declared.offset, declared.shape.size()).Reshaped(declared.shape);
    };
    declared.weight->value = place(rounded_.empty() ? values_ : rounded_);
    if (trains) declared.weight->gradient = place(gradients_);
    BindPieces(declared);
  }
  const std::vector<Part> order = ListParts(architecture_);
  UPCYCLE_CHECK_EQ(order.size(), pieces_.size());
  std::vector<Piece> ordered;
  for (const Part& part : order) {
    const auto piece = std::find_if(pieces_.begin(), pieces_.end(),
                                    [&](const Piece& candidate) { return candidate.part == part; });
    UPCYCLE_CHECK(piece != pieces_.end());
    ordered.push_back(*piece);
  }
  pieces_ = std::move(ordered);

  const auto span = [&](int64_t begin, int64_t count, bool decays) {
    const auto slice = [&](Tensor flat) {
      return flat.empty() ? Tensor() : flat.Slice(begin, count);
    };
    return Span{slice(values_), slice(rounded_), slice(gradients_), slice(m_), slice(v_), decays};
  };
  spans_ = {span(0, decaying_, true), span(decaying_, values_.size() - decaying_, false)};
}

void ModelParameters::BindPieces(const Declared& declared) {
  int64_t offset = declared.offset;
  for (const Part& part : declared.parts) {
    const Shape shape = PartShape(part, architecture_);
    const auto place = [&](Tensor flat) {
      return flat.empty() ? Tensor() : flat.Slice(offset, shape.size()).Reshaped(shape);
    };
    pieces_.push_back({part, place(values_), place(m_), place(v_)});
    offset += shape.size();
  }
}

void ModelParameters::Initialize(Backend& backend, uint64_t seed) {
  std::vector<float> values;
  for (const Piece& piece : pieces_) {
    values.resize(static_cast<size_t>(piece.value.size()));
    FillFreshPart(values, piece.part, architecture_, seed);
    backend.CopyFromHost(piece.value, ConstTensor(values.data(), piece.value.shape()));
  }
  RoundValues(backend);
}

void ModelParameters::RoundValues(Backend& backend) {
  if (!rounded_.empty()) backend.Convert(rounded_, values_);
}

}  // namespace upcycle
