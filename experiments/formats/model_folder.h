// A model as a Hugging Face folder: config.json, model.safetensors, and the tokenizer's files. Any
// tool of the field can read it.
#pragma once

#include <span>
#include <string>

#include "core/checkpoints/safetensors.h"
#include "core/files.h"
#include "experiments/model/architecture.h"
#include "experiments/model/parameters.h"
#include "experiments/model/parts.h"

namespace upcycle {

// The weights of a folder, mapped: reading a part touches that part of the file alone.
class ModelFolder {
 public:
  // Throws Error(kInput) for a folder that is not a whole model.
  explicit ModelFolder(const fs::path& folder);

  const Architecture& architecture() const { return architecture_; }
  // Row-major values of one part. Throws Error(kInput) where it is missing or of another shape.
  std::span<const float> Values(const Part& part) const;
  // All values of a model of the same parts.
  void CopyTo(ModelParameters& parameters, Backend& backend) const;

 private:
  fs::path folder_;
  Architecture architecture_;
  SafetensorsReader weights_;
};

// Writes config.json and model.safetensors with the values of `parameters`, and copies the files of
// `tokenizer` beside them. The folder is inside a DirectoryTransaction.
void WriteModel(const fs::path& folder, const ModelParameters& parameters, Backend& backend,
                const fs::path& tokenizer, int64_t end_of_text);

// The entries of a safetensors file with one float32 tensor for each part, its name behind
// `prefix`.
std::vector<SafetensorsEntry> EntriesOf(const Architecture& architecture,
                                        const std::string& prefix = "");

// config.json and the tokenizer's files alone: for weights that are written part by part.
void WriteModelDescription(const fs::path& folder, const Architecture& architecture,
                           const fs::path& tokenizer, int64_t end_of_text);

}  // namespace upcycle
