// The safetensors format (huggingface/safetensors): uint64 header bytes · a JSON object of
// {name: {dtype, shape, data_offsets: [begin, end)}} and optionally "__metadata__" · the tensors'
// bytes, without gaps. Everything little-endian and row-major.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/atomic_file.h"
#include "core/files.h"
#include "core/mapped_file.h"
#include "core/tensor.h"

namespace upcycle {

// The element types of the format. Those that core/tensor.h knows can be viewed as tensors.
enum class SafetensorsType {
  kBool,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kF64,
  kI64,
  kU64,
};

std::string_view NameOf(SafetensorsType type);  // "F32"
int64_t SizeOf(SafetensorsType type);           // bytes of one element

struct SafetensorsEntry {
  std::string name;
  SafetensorsType type = SafetensorsType::kF32;
  std::vector<int64_t> shape;
  bool operator==(const SafetensorsEntry&) const = default;
};

// Both count what fits in 63 bits, as all entries of readers and writers do.
int64_t ElementsOf(const SafetensorsEntry& entry);
int64_t BytesOf(const SafetensorsEntry& entry);

class SafetensorsReader {
 public:
  // Maps the file and checks all of its header. Throws Error(kInput), naming the file and what is
  // wrong with it, for anything that is not a whole and consistent safetensors file.
  explicit SafetensorsReader(const fs::path& path);

  // In the order of their data.
  const std::vector<SafetensorsEntry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  // Null if there is no such tensor.
  const SafetensorsEntry* Find(std::string_view name) const;
  // These throw Error(kInput), naming file and tensor, where the tensor is missing.
  std::span<const std::byte> Bytes(std::string_view name) const;
  // Begins to read a tensor from disk, for whoever will want it soon.
  void Prefetch(std::string_view name) const;
  // Gives the pages of a tensor that was read back to the system; reading it again is slower, no
  // more.
  void Release(std::string_view name) const;
  // The mapped elements as a tensor. Throws Error(kInput) also where the rank is above
  // Shape::kMaximumRank, the type is one that core/tensor.h lacks, or the data is not aligned to
  // the element (no writer in use leaves it so).
  ConstTensor View(std::string_view name) const;

 private:
  size_t IndexOf(std::string_view name) const;

  fs::path path_;
  MappedFile file_;
  std::vector<SafetensorsEntry> entries_;
  std::vector<std::span<const std::byte>> data_;
  std::map<std::string, size_t, std::less<>> index_;
  std::map<std::string, std::string> metadata_;
};

// Writes tensor by tensor: memory is bounded whatever the model's size. The data begins at a
// multiple of 8 and tensors of wider elements come first, so every tensor is aligned.
class SafetensorsWriter {
 public:
  // Names are distinct and not empty. Metadata always holds {"format": "pt"}. With
  // FileFlow::kInOrder all are of one type, and are written in the order of `entries`.
  SafetensorsWriter(const fs::path& path, std::vector<SafetensorsEntry> entries,
                    FileFlow flow = FileFlow::kAnyOrder,
                    std::map<std::string, std::string> metadata = {});

  // The bytes of one declared tensor, in any order, each once.
  void Write(std::string_view name, std::span<const std::byte> bytes);
  void Write(std::string_view name, ConstTensor tensor);
  // The next bytes of one declared tensor: where it is wider than memory should hold.
  void Append(std::string_view name, std::span<const std::byte> bytes);

  // Every declared tensor was written whole; the file appears under its name.
  void Commit();

 private:
  struct Place {
    SafetensorsType type = SafetensorsType::kF32;
    uint64_t offset = 0;
    uint64_t bytes = 0;
    uint64_t written = 0;
    bool is_begun = false;
  };
  AtomicFile file_;
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace upcycle
