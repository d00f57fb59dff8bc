#include "tools/study/log_reader.h"

#include <algorithm>
#include <utility>

#include <fcntl.h>

namespace upcycle {
namespace {

constexpr uint64_t kBlockBytes = 1 << 20;
constexpr size_t kLongestLine = 1 << 16;

uint64_t SizeOf(const fs::path& path) {
  std::error_code absent;
  const uint64_t size = fs::file_size(path, absent);
  return absent ? 0 : size;
}

}  // namespace

void LogReader::SkipToLast(int64_t lines) {
  const uint64_t size = SizeOf(path_);
  if (size == 0) return;
  const FileDescriptor file = OpenFile(path_, O_RDONLY, "read");
  // The end of the last line ends it, and begins none.
  int64_t ends_left = lines + 1;
  uint64_t begin = size;
  while (begin > 0) {
    const uint64_t block = std::min(kBlockBytes, begin);
    begin -= block;
    const std::string bytes = ReadAt(file.get(), begin, block, path_);
    for (size_t i = bytes.size(); i-- > 0;) {
      const bool is_last = begin + i + 1 == size;
      if (bytes[i] != '\n' && is_last) --ends_left;  // a line without an end counts as one
      if (bytes[i] != '\n' || --ends_left > 0) continue;
      offset_ = begin + i + 1;
      return;
    }
  }
}

std::vector<std::string> LogReader::Next() {
  std::vector<std::string> lines;
  const uint64_t size = SizeOf(path_);
  if (size < offset_) offset_ = 0;  // somebody began it anew
  if (size == offset_) return lines;
  const FileDescriptor file = OpenFile(path_, O_RDONLY, "read");
  const std::string bytes =
      ReadAt(file.get(), offset_, std::min(kBlockBytes, size - offset_), path_);
  offset_ += bytes.size();
  for (const char c : bytes) {
    if (c != '\n') begun_ += c;
    if (c == '\n' || begun_.size() >= kLongestLine) lines.push_back(std::exchange(begun_, ""));
  }
  return lines;
}

std::string LogReader::Rest() { return std::exchange(begun_, ""); }

}  // namespace upcycle
