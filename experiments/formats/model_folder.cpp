#include "experiments/formats/model_folder.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checkpoints/tensor_folder.h"
#include "core/error.h"
#include "experiments/formats/model_config.h"

namespace upcycle {
namespace {

std::vector<int64_t> Extents(const Shape& shape) {
  std::vector<int64_t> extents;
  for (int i = 0; i < shape.rank(); ++i) extents.push_back(shape[i]);
  return extents;
}

}  // namespace

ModelFolder::ModelFolder(const fs::path& folder)
    : folder_(folder), architecture_(ReadConfig(folder)), weights_(folder / kWeightsFile) {}

std::span<const float> ModelFolder::Values(const Part& part) const {
  const std::string name = PartName(part, architecture_);
  const ConstTensor values = weights_.View(name);
  const Shape shape = PartShape(part, architecture_);
  if (values.type() != DataType::kFloat32 || !(values.shape() == shape)) {
    throw Error(Cause::kInput, fmt::format("{}: {} should be float32 {} and is {}",
                                           (folder_ / kWeightsFile).native(), name,
                                           shape.ToString(), values.shape().ToString()));
  }
  return {values.floats(), static_cast<size_t>(values.size())};
}

void ModelFolder::CopyTo(ModelParameters& parameters, Backend& backend) const {
  for (const ModelParameters::Piece& piece : parameters.pieces()) {
    const std::span<const float> values = Values(piece.part);
    backend.CopyFromHost(piece.value, ConstTensor(values.data(), piece.value.shape()));
  }
  parameters.RoundValues(backend);
}

std::vector<SafetensorsEntry> EntriesOf(const Architecture& architecture,
                                        const std::string& prefix) {
  std::vector<SafetensorsEntry> entries;
  for (const Part& part : ListParts(architecture)) {
    entries.push_back({prefix + PartName(part, architecture), SafetensorsType::kF32,
                       Extents(PartShape(part, architecture))});
  }
  return entries;
}

void WriteModelDescription(const fs::path& folder, const Architecture& architecture,
                           const fs::path& tokenizer, int64_t end_of_text) {
  WriteFileAtomically(folder / "config.json", ConfigOf(architecture, end_of_text).dump(2) + "\n");
  for (const auto& file : fs::directory_iterator(tokenizer)) {
    std::error_code error;
    fs::copy_file(file.path(), folder / file.path().filename(),
                  fs::copy_options::overwrite_existing, error);
    if (error) throw SystemError("copy", file.path().native(), error.value());
  }
}

void WriteModel(const fs::path& folder, const ModelParameters& parameters, Backend& backend,
                const fs::path& tokenizer, int64_t end_of_text) {
  const Architecture& architecture = parameters.architecture();
  WriteModelDescription(folder, architecture, tokenizer, end_of_text);
  SafetensorsWriter writer(folder / kWeightsFile, EntriesOf(architecture));
  std::vector<float> values;
  for (const ModelParameters::Piece& piece : parameters.pieces()) {
    values.resize(static_cast<size_t>(piece.value.size()));
    const Tensor host(values.data(), piece.value.shape());
    backend.CopyToHost(host, piece.value);
    writer.Write(PartName(piece.part, architecture), ConstTensor(host));
  }
  writer.Commit();
}

}  // namespace upcycle
