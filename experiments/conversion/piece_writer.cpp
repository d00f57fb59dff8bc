#include "experiments/conversion/piece_writer.h"

#include "core/checkpoints/elements.h"

namespace upcycle {

PieceWriter::~PieceWriter() {
  if (writing_.valid()) writing_.wait();
}

std::span<float> PieceWriter::Next(int64_t count) {
  pieces_[at_].resize(static_cast<size_t>(count));
  return pieces_[at_];
}

int64_t PieceWriter::Append(const SafetensorsEntry& entry) {
  Wait();
  const std::vector<float>& piece = pieces_[at_];
  at_ = 1 - at_;
  const int64_t size = static_cast<int64_t>(piece.size()) * SizeOf(entry.type);
  writing_ = std::async(std::launch::async, [this, &piece, &entry, size] {
    bytes_.resize(static_cast<size_t>(size));
    NarrowElements(bytes_, piece, entry.type);
    writer_.Append(entry.name, bytes_);
  });
  return size;
}

int64_t PieceWriter::AppendBytes(const SafetensorsEntry& entry, std::span<const std::byte> bytes) {
  Wait();
  writer_.Append(entry.name, bytes);
  return static_cast<int64_t>(bytes.size());
}

void PieceWriter::Commit() {
  Wait();
  writer_.Commit();
}

void PieceWriter::Wait() {
  if (writing_.valid()) writing_.get();
}

}  // namespace upcycle
