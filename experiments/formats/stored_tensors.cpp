#include "experiments/formats/stored_tensors.h"

#include "experiments/formats/tensor_names.h"

namespace upcycle {
namespace {

bool IsNormWeight(PartKind kind) {
  return kind == PartKind::kAttentionNorm || kind == PartKind::kFeedForwardNorm ||
         kind == PartKind::kFinalNorm || kind == PartKind::kQueryNorm || kind == PartKind::kKeyNorm;
}

// Tables that are looked up in are never transposed.
bool IsTable(PartKind kind) {
  return kind == PartKind::kEmbedding || kind == PartKind::kPositions || kind == PartKind::kHead;
}

}  // namespace

std::vector<int64_t> StoredTensor::FileShape() const {
  if (is_vector) return {rows};
  if (is_transposed) return {columns, rows};
  return {rows, columns};
}

StoredTensors::StoredTensors(const Architecture& architecture, Format format)
    : StoredTensors(architecture, format, ListParts(architecture)) {}

StoredTensors::StoredTensors(const Architecture& architecture, Format format,
                             const std::vector<Part>& parts)
    : architecture_(architecture) {
  const bool lacks_shared =
      format == Format::kQwen2Moe && architecture.moe.shared_expert == SharedExpert::kNone;
  for (const Part& part : parts) {
    Add(part, format);
    if (lacks_shared && part.kind == PartKind::kRouter) AddUnfeltSharedExpert(part.layer);
  }
}

void StoredTensors::Add(const Part& part, Format format) {
  // Ours keeps every part apart, and as it is.
  const FamilyNames names =
      format == Format::kOwn ? FamilyNames() : NamesOf(architecture_.model.family);
  const std::string name = StoredName(part, architecture_, format);
  const auto [place, is_new] = by_name_.emplace(name, tensors_.size());
  if (is_new) tensors_.push_back({.name = name, .stacking = names.stacking});
  StoredTensor& tensor = tensors_[place->second];
  const Shape shape = PartShape(part, architecture_);
  tensor.is_vector = shape.rank() == 1;
  tensor.columns = tensor.is_vector ? 1 : shape[1];
  tensor.rows += shape[0];
  tensor.is_transposed = names.has_transposed_matrices && !tensor.is_vector && !IsTable(part.kind);
  tensor.is_less_one = names.has_norms_less_one && IsNormWeight(part.kind);
  by_part_.emplace(std::tuple(part.layer, part.expert, part.kind),
                   std::pair(place->second, tensor.parts.size()));
  tensor.parts.push_back(part);
}

// Qwen2-MoE always has a shared expert: one neuron that is never felt stands for none (a width of 0
// makes PyTorch warn).
void StoredTensors::AddUnfeltSharedExpert(int64_t layer) {
  const int64_t width = architecture_.model.width;
  const auto add = [&](PartKind kind, int64_t rows, int64_t columns) {
    tensors_.push_back({.name = StoredName({kind, layer}, architecture_, Format::kQwen2Moe),
                        .rows = rows,
                        .columns = columns});
  };
  add(PartKind::kSharedGate, 1, width);
  add(PartKind::kSharedUp, 1, width);
  add(PartKind::kSharedDown, width, 1);
  add(PartKind::kSharedWeight, 1, width);
}

int64_t StoredTensors::RowsOf(const Part& part) const { return PartShape(part, architecture_)[0]; }

StoredTensors::Run StoredTensors::RunAt(const StoredTensor& tensor, int64_t stored_row) const {
  if (tensor.stacking == Stacking::kByHead && tensor.parts.size() > 1) {
    const int64_t head = architecture_.model.HeadWidth();
    const auto parts = static_cast<int64_t>(tensor.parts.size());
    const int64_t row = stored_row / (head * parts) * head + stored_row % head;
    return RunOf(tensor, static_cast<size_t>(stored_row / head % parts), row);
  }
  int64_t row = stored_row;
  size_t part = 0;
  for (; row >= RowsOf(tensor.parts[part]); ++part) row -= RowsOf(tensor.parts[part]);
  return RunOf(tensor, part, row);
}

StoredTensors::Run StoredTensors::RunOf(const StoredTensor& tensor, size_t part,
                                        int64_t row) const {
  if (tensor.stacking == Stacking::kByHead && tensor.parts.size() > 1) {
    const int64_t head = architecture_.model.HeadWidth();
    const auto parts = static_cast<int64_t>(tensor.parts.size());
    const int64_t group = row / head * parts + static_cast<int64_t>(part);
    return {part, row, group * head + row % head, head - row % head};
  }
  int64_t stored_row = row;
  for (size_t before = 0; before < part; ++before) stored_row += RowsOf(tensor.parts[before]);
  return {part, row, stored_row, RowsOf(tensor.parts[part]) - row};
}

StoredTensors::Holder StoredTensors::HolderOf(const Part& part) const {
  const auto found = by_part_.find(std::tuple(part.layer, part.expert, part.kind));
  if (found == by_part_.end()) return {};
  return {&tensors_[found->second.first], found->second.second};
}

}  // namespace upcycle
