// The named tensors of a model as they lie on disk, whatever the format: Hugging Face folders
// (tensor_folder.h), llama2.c's files (llama2c.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/checkpoints/safetensors.h"

namespace upcycle {

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  TensorSource(const TensorSource&) = delete;
  TensorSource& operator=(const TensorSource&) = delete;

  // Names are distinct.
  virtual const std::vector<SafetensorsEntry>& entries() const = 0;
  // Null if there is no such tensor.
  virtual const SafetensorsEntry* Find(std::string_view name) const = 0;

  // The elements from `begin` on, in row-major order, in float32. Throws Error(kInput), naming the
  // file and the tensor, where it is missing or its type is no floating-point type of elements.h.
  // [begin, begin + out.size()) lies in the tensor.
  virtual void Read(std::string_view name, int64_t begin, std::span<float> out) const = 0;

  // `count` elements from `begin` on as bytes of the tensor's type, little-endian; empty for
  // formats that hold them in another order.
  virtual std::span<const std::byte> Bytes(std::string_view name, int64_t begin,
                                           int64_t count) const = 0;

  // Tells that a tensor will be read soon, so that it can be fetched meanwhile.
  virtual void Prefetch(std::string_view name) const = 0;
  // Tells that what was read of a tensor so far will not be read again soon: a hint, so that a
  // model of any size passes through in bounded memory.
  virtual void Release(std::string_view name) const = 0;

 protected:
  TensorSource() = default;
};

}  // namespace upcycle
