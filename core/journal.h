// The journal: a run's own append-only record, and the source of truth for everything the ledger
// knows about it. A process that is killed loses at most what it had not yet flushed; a torn tail
// is recognised by its checksum and dropped. Damage anywhere else is an error: nothing is cut that
// whole records follow.
//
// File format, little-endian: the 8 bytes "UPJRNL01", then frames
//   uint32 payload bytes · uint32 checksum (low half of XXH3-64 of kind and payload) · uint8 kind ·
//   payload
// Kinds: 1 metric {uint64 id, name}, defining an id = XXH3-64(name) before its first use in the
// file; 2 point {uint64 id, int64 step, float64 value}; 3 event, a JSON object {"event": KIND, …}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/files.h"

namespace upcycle {

// One value of one metric ("train/loss") at one step.
struct JournalPoint {
  std::string metric;
  int64_t step = 0;
  double value = 0;
  bool operator==(const JournalPoint&) const = default;
};

// Anything else: {"event": "started", "host": ...}. The text is one JSON object.
struct JournalEvent {
  std::string json;
  bool operator==(const JournalEvent&) const = default;
};

using JournalRecord = std::variant<JournalPoint, JournalEvent>;

// One writer at a time: the caller holds the stage's lock.
class JournalWriter {
 public:
  // Opens or creates the file, cuts a torn tail, and continues after it. Throws Error(kInput) and
  // leaves the file alone if it is not a journal or is damaged before its tail.
  explicit JournalWriter(const fs::path& path);
  ~JournalWriter();  // flushes; an error here is lost, so call Flush where it matters

  // Buffered: the arithmetic of a step never waits for the disk.
  void Point(std::string_view metric, int64_t step, double value);
  void Event(const nlohmann::json& event);

  // Hands everything to the operating system: it survives the process. Where the write fails,
  // everything is kept for the next Flush, and the file keeps its whole frames.
  void Flush();
  void Sync();  // and to the disk: it survives the machine

 private:
  void Append(uint8_t kind, std::string_view payload);

  fs::path path_;
  FileDescriptor file_;
  std::string buffer_;
  uint64_t end_ = 0;  // bytes of whole frames in the file
  std::unordered_set<uint64_t> defined_;
};

// Follows a journal that may still be growing.
class JournalReader {
 public:
  explicit JournalReader(fs::path path) : path_(std::move(path)) {}

  // The whole records from `offset()` on, at most about `maximum_bytes` of them; empty at the end,
  // at a torn tail, or where no file is yet. Moves the offset past what it returns. Throws
  // Error(kInput) if the file is not a journal or a frame in its middle is damaged.
  std::vector<JournalRecord> ReadNext(size_t maximum_bytes = 8 << 20);

  // Bytes of the file whose records were returned so far.
  uint64_t offset() const { return offset_; }

  // Skips to an earlier offset(), still learning the metric names on the way. Stops short of it,
  // as offset() then shows, where the file ends before. Throws Error(kInput) if no record ends
  // there.
  void SkipTo(uint64_t offset);

 private:
  void Advance(size_t maximum_bytes, std::vector<JournalRecord>* records);
  void Take(uint8_t kind, std::string_view payload, std::vector<JournalRecord>* records);
  void CheckTail(int file) const;

  fs::path path_;
  uint64_t offset_ = 0;
  std::unordered_map<uint64_t, std::string> names_;
};

}  // namespace upcycle
