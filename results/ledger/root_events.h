// The events of a root's own journal, ROOT/journal: all that the ledger has and no stage's journal
// tells.
//
//   {"event": "study_recorded", "study": OBJECT as results/ledger/study_json.h has it}
//   {"event": "launch_started", "launch": INTEGER from 1, "study": NAME, "host": TEXT,
//    "pid": INTEGER, "command_line": TEXT, "provenance": OBJECT, "time": SECONDS}
//   {"event": "launch_ended", "launch": INTEGER, "outcome": OBJECT, "time": SECONDS}
//   {"event": "hold_set", "study": NAME, "arm": NAME, "seed": INTEGER, "kind": "paused" |
//    "cancelled", "by": TEXT, "time": SECONDS}; without a seed the whole arm, without an arm the
//    whole study
//   {"event": "hold_lifted", "study": NAME, "arm": NAME, "seed": INTEGER}: of exactly that
//
// `time` counts seconds since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json_fwd.hpp>

#include "core/enum_names.h"
#include "results/ledger/journal_events.h"
#include "results/ledger/records.h"

namespace upcycle {

struct StudyRecorded {
  StudyRecord study;
};

// One `upcycle run` that had something to do.
struct LaunchStart {
  int64_t launch = 0;
  std::string study;
  std::string host = {};
  int64_t pid = 0;
  std::string command_line = {};
  std::string provenance = "{}";  // JSON
  std::optional<double> time = std::nullopt;
};

struct LaunchEnd {
  int64_t launch = 0;
  std::string outcome = "{}";  // JSON: how many stages were done, failed, …
  std::optional<double> time = std::nullopt;
};

enum class HoldKind { kPaused, kCancelled };
template <>
struct EnumNames<HoldKind> {
  static constexpr EnumName<HoldKind> values[] = {
      {HoldKind::kPaused, "paused", "until it is resumed"},
      {HoldKind::kCancelled, "cancelled", "not wanted any more, unless it is resumed"},
  };
};

// What somebody wants not to run.
struct HoldScope {
  std::string study;
  std::string arm = {};  // empty: all of them
  std::optional<int64_t> seed = std::nullopt;
  auto operator<=>(const HoldScope&) const = default;

  bool Covers(std::string_view its_arm, int64_t its_seed) const {
    return (arm.empty() || arm == its_arm) && (!seed || *seed == its_seed);
  }
};

struct HoldSet {
  HoldScope scope;
  HoldKind kind = HoldKind::kPaused;
  std::string by = {};  // "ada@lab"
  std::optional<double> time = std::nullopt;
};

struct HoldLifted {
  HoldScope scope;
};

using RootEvent =
    std::variant<OtherEvent, StudyRecorded, LaunchStart, LaunchEnd, HoldSet, HoldLifted>;

// Throws Error(kBug) if it is not an event, or lacks what its kind needs.
RootEvent ParseRootEvent(std::string_view json);

nlohmann::json EventOf(const StudyRecorded& event);
nlohmann::json EventOf(const LaunchStart& event);
nlohmann::json EventOf(const LaunchEnd& event);
nlohmann::json EventOf(const HoldSet& event);
nlohmann::json EventOf(const HoldLifted& event);

}  // namespace upcycle
