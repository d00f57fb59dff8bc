// A safetensors file that is written piece by piece, each of them while the next is computed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <future>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoints/safetensors.h"
#include "core/files.h"

namespace upcycle {

class PieceWriter {
 public:
  // Tensors of one type, which are appended in this order.
  PieceWriter(const fs::path& path, const std::vector<SafetensorsEntry>& entries)
      : writer_(path, entries, FileFlow::kInOrder) {}
  ~PieceWriter();  // not committed, nothing stays
  PieceWriter(const PieceWriter&) = delete;
  PieceWriter& operator=(const PieceWriter&) = delete;

  // Room for the next numbers of a tensor, until Append is called.
  std::span<float> Next(int64_t count);
  // What Next gave becomes the next elements of `entry`, in its type. How many bytes these are.
  // The entry outlives the writing; what goes wrong in it is thrown by a later call.
  int64_t Append(const SafetensorsEntry& entry);
  // These bytes become the next elements of `entry`.
  int64_t AppendBytes(const SafetensorsEntry& entry, std::span<const std::byte> bytes);
  // The file appears under its name, durably.
  void Commit();

 private:
  void Wait();

  SafetensorsWriter writer_;
  std::array<std::vector<float>, 2> pieces_;  // one is computed while the other is written
  size_t at_ = 0;
  std::vector<std::byte> bytes_;
  std::future<void> writing_;
};

}  // namespace upcycle
