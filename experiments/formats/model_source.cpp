#include "experiments/formats/model_source.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/check.h"
#include "core/checkpoints/elements.h"
#include "core/checkpoints/llama2c.h"
#include "core/checkpoints/tensor_folder.h"
#include "core/error.h"
#include "experiments/formats/config_reader.h"
#include "experiments/formats/model_limits.h"

namespace upcycle {
namespace {

constexpr std::string_view kGpt2Prefix = "transformer.";
constexpr std::string_view kTiedHead = "lm_head.weight";

// Masks and tables that old versions of transformers saved beside the weights; every reader
// computes them for itself.
bool IsSavedBuffer(std::string_view name) {
  constexpr std::array<std::string_view, 5> kEndings = {".rotary_emb.inv_freq", ".attn.bias",
                                                        ".attn.masked_bias", ".attention.bias",
                                                        ".attention.masked_bias"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace

ModelSource::ModelSource(const fs::path& path) : path_(path) {
  if (path.extension() == ".bin") {
    OpenLlama2c();
  } else {
    OpenFolder();
  }
  RequireWhole();
  RequireNoOthers();
}

void ModelSource::OpenFolder() {
  const ModelConfig config = ReadModelConfig(path_);
  architecture_ = config.architecture;
  format_ = config.format;
  tensors_ = std::make_unique<TensorFolder>(path_);
  stored_ = std::make_unique<StoredTensors>(architecture_, config.format);
}

void ModelSource::OpenLlama2c() {
  auto file = std::make_unique<Llama2cFile>(path_);
  architecture_.model = file->model();
  architecture_.vocabulary = file->model().vocabulary;
  tensors_ = std::move(file);
  const std::string reason = ReasonAgainstSizes(architecture_);
  if (!reason.empty()) {
    throw Error(Cause::kInput, fmt::format("{}: {}", path_.native(), reason));
  }
  stored_ = std::make_unique<StoredTensors>(architecture_, Format::kDense);
}

std::vector<fs::path> ModelSource::files() const {
  const auto* folder = dynamic_cast<const TensorFolder*>(tensors_.get());
  if (folder == nullptr) return {path_};
  std::vector<fs::path> files = folder->files();
  files.push_back(path_ / "config.json");
  return files;
}

// GPT-2's first files leave its prefix out; a table that is embedding and head may have either
// name.
std::string ModelSource::NameInFile(const StoredTensor& tensor) const {
  if (tensors_->Find(tensor.name) != nullptr) return tensor.name;
  if (tensor.name.starts_with(kGpt2Prefix)) {
    const std::string bare = tensor.name.substr(kGpt2Prefix.size());
    if (tensors_->Find(bare) != nullptr) return bare;
  }
  const bool is_tied = architecture_.model.tied_embeddings && !tensor.parts.empty() &&
                       tensor.parts.front().kind == PartKind::kEmbedding;
  if (is_tied && tensors_->Find(kTiedHead) != nullptr) return std::string(kTiedHead);
  return "";
}

void ModelSource::RequireWhole() {
  std::map<SafetensorsType, int64_t> elements;
  for (const StoredTensor& tensor : stored_->all()) {
    const std::string name = NameInFile(tensor);
    const auto refuse = [&](const std::string& what) {
      throw Error(Cause::kInput, fmt::format("{}: {} {}", path_.native(), tensor.name, what));
    };
    if (name.empty()) refuse("is missing; fetch the model again");
    const SafetensorsEntry& entry = *tensors_->Find(name);
    if (entry.shape != tensor.FileShape()) {
      refuse(fmt::format("is {}, and the configuration asks for {}", ShapeText(entry.shape),
                         ShapeText(tensor.FileShape())));
    }
    if (!IsFloatingPoint(entry.type)) {
      refuse(fmt::format("has elements of type {}; take the unquantised model, in F32, BF16 or F16",
                         NameOf(entry.type)));
    }
    elements[entry.type] += ElementsOf(entry);
    bytes_ += BytesOf(entry);
  }
  int64_t most = 0;
  for (const auto& [type, count] : elements) {
    if (count <= most) continue;
    most = count;
    type_ = type;
  }
}

void ModelSource::RequireNoOthers() const {
  std::set<std::string> names;
  for (const StoredTensor& tensor : stored_->all()) names.insert(NameInFile(tensor));
  for (const SafetensorsEntry& entry : tensors_->entries()) {
    const bool is_copy = architecture_.model.tied_embeddings && entry.name == kTiedHead;
    if (names.contains(entry.name) || is_copy || IsSavedBuffer(entry.name)) continue;
    throw Error(Cause::kInput,
                fmt::format("{}: {} {} belongs to no part of the model that its configuration "
                            "describes",
                            path_.native(), entry.name, ShapeText(entry.shape)));
  }
}

void ModelSource::ReadRows(const Part& part, int64_t begin, std::span<float> out) const {
  const auto [tensor, place] = stored_->HolderOf(part);
  UPCYCLE_CHECK(tensor != nullptr);
  const std::string name = NameInFile(*tensor);
  const int64_t rows = static_cast<int64_t>(out.size()) / tensor->columns;
  for (int64_t done = 0; done < rows;) {
    const StoredTensors::Run run = stored_->RunOf(*tensor, place, begin + done);
    const int64_t count = std::min(run.rows, rows - done);
    const std::span<float> values = out.subspan(static_cast<size_t>(done * tensor->columns),
                                                static_cast<size_t>(count * tensor->columns));
    if (tensor->is_transposed) {
      ReadTransposed(*tensor, name, run.stored_row, values);
    } else {
      tensors_->Read(name, run.stored_row * tensor->columns, values);
    }
    done += count;
  }
  if (!tensor->is_less_one) return;
  for (float& value : out) value += 1;
}

// The file has [columns, rows]: a run of our rows is a run of each of its own.
void ModelSource::ReadTransposed(const StoredTensor& tensor, const std::string& name,
                                 int64_t stored_row, std::span<float> out) const {
  const int64_t count = static_cast<int64_t>(out.size()) / tensor.columns;
  std::vector<float> run(static_cast<size_t>(count));
  for (int64_t column = 0; column < tensor.columns; ++column) {
    tensors_->Read(name, column * tensor.rows + stored_row, run);
    for (int64_t i = 0; i < count; ++i) {
      out[static_cast<size_t>(i * tensor.columns + column)] = run[static_cast<size_t>(i)];
    }
  }
}

void ModelSource::CopyTo(ModelParameters& parameters, Backend& backend) const {
  std::vector<float> values;
  for (const ModelParameters::Piece& piece : parameters.pieces()) {
    values.resize(static_cast<size_t>(piece.value.size()));
    ReadRows(piece.part, 0, values);
    Release(piece.part);
    backend.CopyFromHost(piece.value, ConstTensor(values.data(), piece.value.shape()));
  }
  parameters.RoundValues(backend);
}

const StoredTensor* ModelSource::Find(const std::vector<Part>& parts,
                                      const StoredTensor& like) const {
  if (parts.empty()) return nullptr;
  const StoredTensor* held = stored_->HolderOf(parts.front()).tensor;
  const bool is_alike = held != nullptr && held->parts == parts &&
                        (parts.size() == 1 || held->stacking == like.stacking) &&
                        held->is_transposed == like.is_transposed &&
                        held->is_less_one == like.is_less_one;
  return is_alike ? held : nullptr;
}

void ModelSource::ReadStored(const StoredTensor& tensor, int64_t begin,
                             std::span<float> out) const {
  tensors_->Read(NameInFile(tensor), begin * tensor.FileColumns(), out);
}

std::span<const std::byte> ModelSource::StoredBytes(const StoredTensor& tensor,
                                                    SafetensorsType type, int64_t begin,
                                                    int64_t rows) const {
  const std::string name = NameInFile(tensor);
  if (tensors_->Find(name)->type != type) return {};
  return tensors_->Bytes(name, begin * tensor.FileColumns(), rows * tensor.FileColumns());
}

void ModelSource::Prefetch(const Part& part) const {
  const StoredTensor* tensor = stored_->HolderOf(part).tensor;
  if (tensor != nullptr) tensors_->Prefetch(NameInFile(*tensor));
}

void ModelSource::ReleaseAll() const {
  for (const SafetensorsEntry& entry : tensors_->entries()) tensors_->Release(entry.name);
}

void ModelSource::Release(const Part& part) const {
  tensors_->Release(NameInFile(*stored_->HolderOf(part).tensor));
}

}  // namespace upcycle
