// A model that lies on disk, part by part in float32, whatever the format: a Hugging Face folder or
// a llama2.c file. Any piece can be read by itself, so that a model of any size passes through in
// bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoints/tensor_source.h"
#include "core/files.h"
#include "experiments/formats/stored_tensors.h"
#include "experiments/model/architecture.h"
#include "experiments/model/parameters.h"
#include "experiments/model/parts.h"

namespace upcycle {

class ModelSource {
 public:
  // A folder, or a file whose name ends in ".bin". Throws Error(kInput) where it is not a whole
  // model: each tensor is there, of the shape that the configuration asks for and of a
  // floating-point type, and no tensor is left that the model has no part for.
  explicit ModelSource(const fs::path& path);

  const fs::path& path() const { return path_; }
  const Architecture& architecture() const { return architecture_; }
  Format format() const { return format_; }
  // As the files hold them.
  const TensorSource& tensors() const { return *tensors_; }

  // Rows [begin, begin + out.size() / columns) of a part, row-major; a vector's elements are rows
  // of one number.
  void ReadRows(const Part& part, int64_t begin, std::span<float> out) const;

  // All values of a model of the same parts.
  void CopyTo(ModelParameters& parameters, Backend& backend) const;

  // The tensor of its files that has these parts in the manner of `like`; null where there is none.
  const StoredTensor* Find(const std::vector<Part>& parts, const StoredTensor& like) const;
  // Rows of it as they lie there, in float32 or as bytes of `type`. There are no bytes where the
  // files have another type or order.
  void ReadStored(const StoredTensor& tensor, int64_t begin, std::span<float> out) const;
  std::span<const std::byte> StoredBytes(const StoredTensor& tensor, SafetensorsType type,
                                         int64_t begin, int64_t rows) const;

  // Tells that a part will be read soon; nothing for one that the model does not have.
  void Prefetch(const Part& part) const;
  // Tells that what was read of a part, or of all, will not be read again soon.
  void Release(const Part& part) const;
  void ReleaseAll() const;

  // What its weights and its configuration are read from.
  std::vector<fs::path> files() const;
  // The type of most of its elements.
  SafetensorsType type() const { return type_; }
  // What its tensors take on disk.
  int64_t bytes() const { return bytes_; }

 private:
  void OpenFolder();
  void OpenLlama2c();
  void RequireWhole();
  void RequireNoOthers() const;
  // The name under which the file holds a tensor; empty where it does not.
  std::string NameInFile(const StoredTensor& tensor) const;
  void ReadTransposed(const StoredTensor& tensor, const std::string& name, int64_t stored_row,
                      std::span<float> out) const;

  fs::path path_;
  std::unique_ptr<TensorSource> tensors_;
  Architecture architecture_;
  Format format_ = Format::kDense;
  std::unique_ptr<StoredTensors> stored_;
  SafetensorsType type_ = SafetensorsType::kF32;
  int64_t bytes_ = 0;
};

}  // namespace upcycle
