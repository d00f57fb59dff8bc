#include "core/journal.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <xxhash.h>

#include "core/check.h"
#include "core/error.h"

namespace upcycle {
namespace {

constexpr std::string_view kMagic = "UPJRNL01";
constexpr size_t kHeaderBytes = 9;  // length, checksum, kind
constexpr size_t kFlushBytes = 1 << 16;
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

// The frame at `at`, or nothing if it is incomplete or damaged.
std::optional<Frame> FrameAt(std::string_view bytes, size_t at) {
  if (bytes.size() < at + kHeaderBytes) return std::nullopt;
  const auto length = Get<uint32_t>(bytes, at);
  const auto checksum = Get<uint32_t>(bytes, at + 4);
  const auto kind = Get<uint8_t>(bytes, at + 8);
  if (length > kLargestPayload || bytes.size() < at + kHeaderBytes + length) return std::nullopt;
  const std::string_view payload = bytes.substr(at + kHeaderBytes, length);
  if (Checksum(kind, payload) != checksum) return std::nullopt;
  return Frame{static_cast<Kind>(kind), payload, at + kHeaderBytes + length};
}

void RequireMagic(std::string_view bytes, const fs::path& path) {
  if (bytes.substr(0, kMagic.size()) == kMagic) return;
  throw Error(Cause::kInput, fmt::format("{} is not an upcycle journal", path.native()));
}

// Where the last whole frame ends. Everything behind it is a torn tail.
size_t EndOfWholeFrames(std::string_view bytes) {
  size_t at = kMagic.size();
  while (const auto frame = FrameAt(bytes, at)) at = frame->end;
  return at;
}

}  // namespace

JournalWriter::JournalWriter(const fs::path& path)
    : path_(path), file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (file_.get() < 0) throw SystemError("open", path.native(), errno);
  {
    const MappedFile content(path);
    // A file shorter than the magic was torn at birth and holds nothing.
    if (content.text().size() >= kMagic.size()) {
      RequireMagic(content.text(), path);
      end_ = EndOfWholeFrames(content.text());
    }
  }
  if (::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0 ||
      ::lseek(file_.get(), 0, SEEK_END) < 0) {
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

void JournalWriter::Event(const nlohmann::json& event) { Append(kEvent, event.dump()); }

void JournalWriter::Flush() {
  try {
    WriteAll(file_.get(), buffer_.data(), buffer_.size(), path_);
  } catch (...) {
    // Half a frame in the middle of the file would hide all that a later flush puts behind it.
    if (::ftruncate(file_.get(), static_cast<off_t>(end_)) == 0) {
      ::lseek(file_.get(), static_cast<off_t>(end_), SEEK_SET);
    }
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
  if (!fs::exists(path_)) return records;
  const MappedFile file(path_);
  const std::string_view bytes = file.text();
  if (bytes.size() < kMagic.size()) return records;
  RequireMagic(bytes, path_);

  size_t at = std::max<size_t>(offset_, kMagic.size());
  const size_t stop = at + std::min(maximum_bytes, bytes.size());
  while (at < stop) {
    const auto frame = FrameAt(bytes, at);
    if (!frame) break;
    if (frame->kind == kMetric) {
      names_[Get<uint64_t>(frame->payload, 0)] = frame->payload.substr(8);
    } else if (frame->kind == kPoint) {
      const auto name = names_.find(Get<uint64_t>(frame->payload, 0));
      UPCYCLE_CHECK(name != names_.end());
      records.push_back(JournalPoint{name->second, Get<int64_t>(frame->payload, 8),
                                     Get<double>(frame->payload, 16)});
    } else if (frame->kind == kEvent) {
      records.push_back(JournalEvent{std::string(frame->payload)});
    }
    at = frame->end;
  }
  offset_ = at;
  return records;
}

void JournalReader::SkipTo(uint64_t offset) {
  while (offset_ < offset) {
    const uint64_t before = offset_;
    ReadNext(std::min<uint64_t>(8 << 20, offset - offset_));
    if (offset_ == before) break;
  }
}

}  // namespace upcycle
