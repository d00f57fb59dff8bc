#include "experiments/conversion/disk_rate.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/atomic_file.h"
#include "core/random.h"
#include "core/stopwatch.h"

namespace upcycle {

double MeasureWriteRate(const fs::path& folder, int64_t bytes) {
  constexpr size_t kPiece = 64 << 20;
  // Bytes that no file system makes smaller.
  const RandomStream stream(0, "disk_rate");
  std::vector<uint64_t> piece(kPiece / sizeof(uint64_t));
  for (size_t i = 0; i < piece.size(); ++i) piece[i] = stream.Bits(i);
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
