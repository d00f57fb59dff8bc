#include "experiments/conversion/disk_rate.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "core/stopwatch.h"
#include "core/temporary_name.h"

namespace upcycle {

double MeasureWriteRate(const fs::path& folder, int64_t bytes) {
  constexpr size_t kPiece = 16 << 20;
  const fs::path path = TemporaryName(folder / "write_rate");
  const FileDescriptor file = OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, "write");
  ::unlink(path.c_str());
  std::vector<std::byte> piece(kPiece);
  for (size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<std::byte>(i * 2654435761U >> 7);
  const Stopwatch watch;
  for (int64_t left = bytes; left > 0; left -= static_cast<int64_t>(kPiece)) {
    WriteAll(file.get(), piece.data(), static_cast<size_t>(std::min<int64_t>(left, kPiece)), path);
  }
  SyncFile(file.get(), path);
  return static_cast<double>(bytes) / watch.Seconds();
}

}  // namespace upcycle
