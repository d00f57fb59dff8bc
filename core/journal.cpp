#include "core/journal.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <xxhash.h>

#include "core/check.h"
#include "core/error.h"
#include "core/mapped_file.h"

namespace upcycle {
namespace {

constexpr std::string_view kMagic = "UPJRNL01";
constexpr size_t kHeaderBytes = 9;  // length, checksum, kind
constexpr size_t kFlushBytes = 1 << 16;
constexpr size_t kReadBytes = 8 << 20;
constexpr uint32_t kLargestPayload = 1 << 26;  // larger lengths can only be damage

enum Kind : uint8_t { kMetric = 1, kPoint = 2, kEvent = 3 };

uint32_t Checksum(uint8_t kind, std::string_view payload) {
  return static_cast<uint32_t>(XXH3_64bits_withSeed(payload.data(), payload.size(), kind));
}

uint64_t MetricId(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

template <typename T>
void Put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T Get(std::string_view bytes, size_t at) {
  T value;
  UPCYCLE_CHECK(at + sizeof value <= bytes.size());
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

struct Frame {
  Kind kind;
  std::string_view payload;
  size_t end;  // offset just behind it
};

// The bytes of the whole frame that begins at `at`, by its own header; 0 if the header is cut off
// or makes no sense.
size_t ClaimedBytes(std::string_view bytes, size_t at) {
  if (bytes.size() < at + kHeaderBytes) return 0;
  const auto length = Get<uint32_t>(bytes, at);
  return length > kLargestPayload ? 0 : kHeaderBytes + length;
}

// The frame at `at`, or nothing if it is incomplete or damaged.
std::optional<Frame> FrameAt(std::string_view bytes, size_t at) {
  const size_t size = ClaimedBytes(bytes, at);
  if (size == 0 || bytes.size() < at + size) return std::nullopt;
  const auto checksum = Get<uint32_t>(bytes, at + 4);
  const auto kind = Get<uint8_t>(bytes, at + 8);
  const std::string_view payload = bytes.substr(at + kHeaderBytes, size - kHeaderBytes);
  if (Checksum(kind, payload) != checksum) return std::nullopt;
  return Frame{static_cast<Kind>(kind), payload, at + size};
}

// A file shorter than the magic was torn at birth and holds nothing.
bool IsTornAtBirth(std::string_view bytes) {
  return bytes.size() < kMagic.size() && kMagic.starts_with(bytes);
}

void RequireMagic(std::string_view bytes, const fs::path& path) {
  if (bytes.starts_with(kMagic)) return;
  throw Error(Cause::kInput,
              fmt::format("{} is not an upcycle journal: it should begin with {}; move it away",
                          path.native(), kMagic));
}

// What follows the last whole frame, at `at`, must be one frame that was cut short. A whole frame
// behind it means that bytes in between have changed, and to cut there would lose records.
void RequireTornTail(std::string_view bytes, size_t at, uint64_t offset, const fs::path& path) {
  for (size_t next = at + 1; next + kHeaderBytes <= bytes.size(); ++next) {
    const auto kind = Get<uint8_t>(bytes, next + 8);
    if (kind < kMetric || kind > kEvent || !FrameAt(bytes, next)) continue;
    throw Error(Cause::kInput,
                fmt::format("the journal {} is damaged at byte {}, and whole records follow at "
                            "byte {}; restore it from a copy, or move it away to begin again",
                            path.native(), offset + at, offset + next));
  }
}

// Where the last whole frame ends.
size_t EndOfWholeFrames(std::string_view bytes) {
  size_t at = kMagic.size();
  while (const auto frame = FrameAt(bytes, at)) at = frame->end;
  return at;
}

FileDescriptor OpenToRead(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno != ENOENT) throw SystemError("read", path.native(), errno);
  return FileDescriptor(descriptor);
}

// At least one whole frame from `offset` on, where there is one, and about `maximum_bytes`.
std::string ReadFrames(int file, uint64_t offset, size_t maximum_bytes, const fs::path& path) {
  std::string bytes = ReadAt(file, offset, std::max(maximum_bytes, kHeaderBytes), path);
  const size_t first = ClaimedBytes(bytes, 0);
  return first > bytes.size() ? ReadAt(file, offset, first, path) : bytes;
}

}  // namespace

JournalWriter::JournalWriter(const fs::path& path)
    : path_(path), file_(OpenFile(path, O_RDWR | O_CREAT, "open")) {
  {
    const MappedFile content(path);
    if (!IsTornAtBirth(content.text())) {
      RequireMagic(content.text(), path);
      end_ = EndOfWholeFrames(content.text());
      RequireTornTail(content.text(), end_, 0, path);
    }
  }
  if (::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0) {
    throw SystemError("open", path.native(), errno);
  }
  if (end_ > 0) return;
  WriteAll(file_.get(), kMagic.data(), kMagic.size(), path);
  end_ = kMagic.size();
}

JournalWriter::~JournalWriter() {
  try {
    Flush();
  } catch (const Error&) {
  }
}

void JournalWriter::Append(uint8_t kind, std::string_view payload) {
  UPCYCLE_CHECK(payload.size() <= kLargestPayload);
  Put(buffer_, static_cast<uint32_t>(payload.size()));
  Put(buffer_, Checksum(kind, payload));
  Put(buffer_, kind);
  buffer_.append(payload);
  if (buffer_.size() >= kFlushBytes) Flush();
}

void JournalWriter::Point(std::string_view metric, int64_t step, double value) {
  const uint64_t id = MetricId(metric);
  if (defined_.insert(id).second) {
    std::string definition;
    Put(definition, id);
    definition.append(metric);
    Append(kMetric, definition);
  }
  std::string payload;
  Put(payload, id);
  Put(payload, step);
  Put(payload, value);
  Append(kPoint, payload);
}

void JournalWriter::Event(const nlohmann::json& event) {
  // Text from outside, such as a path in a message, may hold bytes that are not UTF-8.
  Append(kEvent, event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void JournalWriter::Flush() {
  // Always behind the whole frames: what a failed write left there is written over.
  if (::lseek(file_.get(), static_cast<off_t>(end_), SEEK_SET) < 0) {
    throw SystemError("write", path_.native(), errno);
  }
  try {
    WriteAll(file_.get(), buffer_.data(), buffer_.size(), path_);
  } catch (const Error&) {
    // Best effort: half a frame that stays is a torn tail until the next flush.
    [[maybe_unused]] const int result = ::ftruncate(file_.get(), static_cast<off_t>(end_));
    throw;
  }
  end_ += buffer_.size();
  buffer_.clear();
}

void JournalWriter::Sync() {
  Flush();
  if (::fdatasync(file_.get()) != 0) throw SystemError("sync", path_.native(), errno);
}

std::vector<JournalRecord> JournalReader::ReadNext(size_t maximum_bytes) {
  std::vector<JournalRecord> records;
  uint64_t before = 0;
  do {  // a piece may hold nothing but definitions
    before = offset_;
    Advance(maximum_bytes, &records);
  } while (records.empty() && offset_ > before);
  return records;
}

void JournalReader::SkipTo(uint64_t offset) {
  UPCYCLE_CHECK(offset >= offset_);
  while (offset_ < offset) {
    const uint64_t before = offset_;
    Advance(std::min<uint64_t>(kReadBytes, offset - offset_), nullptr);
    if (offset_ == before) return;
  }
  if (offset_ == offset) return;
  throw Error(
      Cause::kInput,
      fmt::format("no record of the journal {} ends at byte {}: it is not the file that was "
                  "read before; restore that one, or record it anew",
                  path_.native(), offset));
}

void JournalReader::Advance(size_t maximum_bytes, std::vector<JournalRecord>* records) {
  const FileDescriptor file = OpenToRead(path_);
  if (file.get() < 0) return;
  if (offset_ < kMagic.size()) {
    const std::string magic = ReadAt(file.get(), 0, kMagic.size(), path_);
    if (IsTornAtBirth(magic)) return;
    RequireMagic(magic, path_);
    offset_ = kMagic.size();
    if (maximum_bytes <= kMagic.size()) return;
    maximum_bytes -= kMagic.size();
  }
  const std::string bytes = ReadFrames(file.get(), offset_, maximum_bytes, path_);
  size_t at = 0;
  while (const auto frame = FrameAt(bytes, at)) {
    Take(frame->kind, frame->payload, records);
    at = frame->end;
  }
  if (at == 0 && !bytes.empty()) CheckTail(file.get());
  offset_ += at;
}

void JournalReader::Take(uint8_t kind, std::string_view payload,
                         std::vector<JournalRecord>* records) {
  if (kind == kMetric) {
    names_[Get<uint64_t>(payload, 0)] = payload.substr(8);
  } else if (kind == kPoint && records != nullptr) {
    const auto name = names_.find(Get<uint64_t>(payload, 0));
    UPCYCLE_CHECK(name != names_.end());
    records->push_back(
        JournalPoint{name->second, Get<int64_t>(payload, 8), Get<double>(payload, 16)});
  } else if (kind == kEvent && records != nullptr) {
    records->push_back(JournalEvent{std::string(payload)});
  }
}

// The file may have grown since its last whole frame was looked for.
void JournalReader::CheckTail(int file) const {
  const std::string rest = ReadAt(file, offset_, std::numeric_limits<size_t>::max(), path_);
  if (!FrameAt(rest, 0)) RequireTornTail(rest, 0, offset_, path_);
}

}  // namespace upcycle
