#include "experiments/model/parameters.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "core/check.h"
#include "core/random.h"
#include "kernels/moment_storage.h"

namespace upcycle {
namespace {

constexpr int64_t kAlignmentElements = 32;  // 64 bytes of bfloat16

// Moments that are converted at once: whole blocks of theirs, 4 MiB in float32.
constexpr int64_t kStageElements = int64_t{1} << 20;
static_assert(kStageElements % kMomentBlock == 0);

DataType StoredAs(MomentType type) {
  switch (type) {
    case MomentType::kFloat32:
      return DataType::kFloat32;
    case MomentType::kBFloat16:
      return DataType::kBFloat16;
    case MomentType::kInt8:
      break;
  }
  return DataType::kUInt8;
}

int64_t Padded(int64_t elements) {
  return (elements + kAlignmentElements - 1) / kAlignmentElements * kAlignmentElements;
}

// The same name in every architecture that has the part, so that arms share their common tensors.
std::string FreshStreamName(const Part& part) {
  return fmt::format("initialize/{}/{}/{}", static_cast<int>(part.kind), part.layer, part.expert);
}

bool IsNormWeight(PartKind kind) {
  return kind == PartKind::kAttentionNorm || kind == PartKind::kFeedForwardNorm ||
         kind == PartKind::kFinalNorm || kind == PartKind::kQueryNorm || kind == PartKind::kKeyNorm;
}

bool IsBias(PartKind kind) {
  switch (kind) {
    case PartKind::kAttentionNormBias:
    case PartKind::kFeedForwardNormBias:
    case PartKind::kFinalNormBias:
    case PartKind::kQueryBias:
    case PartKind::kKeyBias:
    case PartKind::kValueBias:
    case PartKind::kOutputBias:
    case PartKind::kUpBias:
    case PartKind::kDownBias:
      return true;
    default:
      return false;
  }
}

}  // namespace

double FreshStd(const Part& part, const Architecture& architecture) {
  const ModelSettings& model = architecture.model;
  switch (part.kind) {
    case PartKind::kRouter:
      return architecture.moe.router.init_std;
    case PartKind::kOutput:
    case PartKind::kDown:
    case PartKind::kExpertDown:
    case PartKind::kSharedDown:
      return model.init_std / std::sqrt(2.0 * static_cast<double>(model.layers));
    default:
      return model.init_std;
  }
}

void FillFreshPart(std::span<float> values, const Part& part, const Architecture& architecture,
                   uint64_t seed) {
  if (IsNormWeight(part.kind)) return std::fill(values.begin(), values.end(), 1.0f);
  if (IsBias(part.kind) || BeginsAtZero(part.kind)) {
    return std::fill(values.begin(), values.end(), 0.0f);
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
  PlanSpans(plan, build, elements);
}

void ModelParameters::PlanSpans(BufferPlan& plan, const ModelBuild& build, int64_t elements) {
  spans_[0] = {.begin = 0, .count = decaying_, .decays = true};
  spans_[1] = {.begin = decaying_, .count = elements - decaying_, .decays = false};
  if (!build.trains()) return;
  plan.Add(&gradients_, MemoryCategory::kGradients, DataType::kFloat32, {elements});
  for (Span& span : spans_) PlanMoments(plan, build, span);
  plan.Add(&stage_, MemoryCategory::kOptimizer, DataType::kFloat32,
           {std::min(elements, kStageElements)});
}

void ModelParameters::PlanMoments(BufferPlan& plan, const ModelBuild& build, Span& span) {
  const MemoryCategory category =
      build.moments_on_host ? MemoryCategory::kHost : MemoryCategory::kOptimizer;
  const DataType type = StoredAs(build.moments);
  Moments& moments = span.moments;
  moments.on_host = build.moments_on_host;
  for (Tensor* moment : {&moments.m, &moments.v}) plan.Add(moment, category, type, {span.count});
  if (type != DataType::kUInt8) return;
  for (Tensor* scales : {&moments.m_scales, &moments.v_scales}) {
    plan.Add(scales, category, DataType::kFloat32, {MomentBlocks(span.count)});
  }
}

void ModelParameters::Bind() {
  const bool trains = !gradients_.empty();
  for (const Declared& declared : declared_) {
    const auto place = [&](Tensor flat) {
      return flat.Slice(declared.offset, declared.shape.size()).Reshaped(declared.shape);
    };
    declared.weight->value = place(rounded_.empty() ? values_ : rounded_);
    declared.weight->master = place(values_);
    if (trains) declared.weight->gradient = place(gradients_);
    BindPieces(declared);
  }
  OrderPieces();

  for (Span& span : spans_) {
    const auto slice = [&](Tensor flat) {
      return flat.empty() ? Tensor() : flat.Slice(span.begin, span.count);
    };
    span.values = slice(values_);
    span.rounded = slice(rounded_);
    span.gradients = slice(gradients_);
  }
}

void ModelParameters::OrderPieces() {
  const auto key_of = [](const Part& part) {
    return std::tuple(part.layer, part.expert, part.kind);
  };
  std::map<std::tuple<int64_t, int64_t, PartKind>, Piece> by_part;
  for (const Piece& piece : pieces_) by_part.emplace(key_of(piece.part), piece);
  const std::vector<Part> order = ListParts(architecture_);
  UPCYCLE_CHECK_EQ(order.size(), pieces_.size());
  pieces_.clear();
  for (const Part& part : order) {
    const auto piece = by_part.find(key_of(part));
    UPCYCLE_CHECK(piece != by_part.end());
    pieces_.push_back(piece->second);
  }
}

void ModelParameters::BindPieces(const Declared& declared) {
  int64_t offset = declared.offset;
  for (const Part& part : declared.parts) {
    const Shape shape = PartShape(part, architecture_);
    pieces_.push_back({part, offset, values_.Slice(offset, shape.size()).Reshaped(shape)});
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

// Block by block, since a block of 8-bit moments is read as a whole.
void ModelParameters::LoadMoment(Backend& backend, Moment which, int64_t begin,
                                 std::span<float> values) const {
  std::vector<float> stage;
  const int64_t end = begin + static_cast<int64_t>(values.size());
  for (const Span& span : spans_) {
    const int64_t first = std::max(begin, span.begin),
                  last = std::min(end, span.begin + span.count);
    if (first >= last) continue;
    int64_t at = (first - span.begin) / kMomentBlock * kMomentBlock;  // in the span
    for (; span.begin + at < last; at += stage_.size()) {
      const int64_t wanted = MomentBlocks(last - span.begin - at) * kMomentBlock;
      const int64_t count = std::min({stage_.size(), span.count - at, wanted});
      stage.resize(static_cast<size_t>(count));
      backend.LoadMoment(stage_.Slice(0, count), PartOf(span.moments, at, count), which);
      backend.CopyToHost(Tensor(stage.data(), {count}), stage_.Slice(0, count));
      const int64_t from = std::max(first, span.begin + at);
      const int64_t to = std::min(last, span.begin + at + count);
      std::copy(stage.begin() + (from - span.begin - at), stage.begin() + (to - span.begin - at),
                values.begin() + (from - begin));
    }
  }
}

void ModelParameters::StoreMoment(
    Backend& backend, Moment which,
    const std::function<void(int64_t begin, std::span<float> values)>& read) {
  std::vector<float> stage(static_cast<size_t>(stage_.size()));
  for (const Span& span : spans_) {
    for (int64_t at = 0; at < span.count; at += stage_.size()) {
      const int64_t count = std::min(stage_.size(), span.count - at);
      read(span.begin + at, {stage.data(), static_cast<size_t>(count)});
      backend.CopyFromHost(stage_.Slice(0, count), ConstTensor(stage.data(), {count}));
      backend.StoreMoment(PartOf(span.moments, at, count), which, stage_.Slice(0, count));
    }
  }
}

void ModelParameters::ZeroMoments(Backend& backend) {
  for (Moment which : {Moment::kFirst, Moment::kSecond}) {
    StoreMoment(backend, which, [](int64_t, std::span<float> values) {
      std::fill(values.begin(), values.end(), 0.0f);
    });
  }
}

}  // namespace upcycle
