#include "experiments/conversion/disk_rate.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/atomic_file.h"
#include "core/stopwatch.h"

namespace upcycle {

double MeasureWriteRate(const fs::path& folder, int64_t bytes) {
  constexpr size_t kPiece = 64 << 20;
  std::vector<std::byte> piece(kPiece);
  uint32_t state = 1;
  for (std::byte& byte : piece)
    byte = static_cast<std::byte>((state = state * 1664525 + 1013904223) >> 24);
  AtomicFile file(folder / "write_rate", FileFlow::kInOrder);  // never committed: removed
  file.Reserve(static_cast<uint64_t>(bytes));
  const Stopwatch watch;
  for (int64_t left = bytes; left > 0; left -= static_cast<int64_t>(kPiece)) {
    file.Append(piece.data(), static_cast<size_t>(std::min<int64_t>(left, kPiece)));
  }
  file.Sync();
  return static_cast<double>(bytes) / watch.Seconds();
}

}  // namespace upcycle
