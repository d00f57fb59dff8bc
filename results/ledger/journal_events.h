// The events of a stage's journal that the ledger understands. Events of other kinds are for other
// readers and are skipped.
//
//   {"event": "attempt_started", "host": TEXT, "pid": INTEGER, "device": TEXT, "time": SECONDS,
//    "launch": INTEGER of results/ledger/root_events.h, "provenance": OBJECT}
//   {"event": "attempt_ended", "outcome": "complete" | "failed" | "diverged" | "stopped" |
//   "pruned",
//    "cause": TEXT, "message": TEXT, "exit_code": INTEGER, "signal": INTEGER,
//    "peak_memory_bytes": INTEGER, "wall_seconds": SECONDS, "cpu_seconds": SECONDS of all threads,
//    "time": SECONDS}
//   {"event": "attempt_judged", "begun": BOOLEAN, and all that attempt_ended has}: what whoever
//    found the worker dead makes of it, which goes before the worker's own word. `begun`: it is
//    about the attempt that began last; else about one that could not even say that it began.
//   {"event": "result", "metric": TEXT, "value": NUMBER, "stderr": NUMBER, "count": INTEGER}
//   {"event": "item", "task": TEXT, "number": INTEGER from 0, "record": TEXT, "answer": INTEGER,
//    "correct": BOOLEAN, "correct_normalised": BOOLEAN, "log_likelihoods": [NUMBER, …]}
//   {"event": "progress", "step": INTEGER, "steps": INTEGER}
//
// Needed are `outcome`, `begun`, `metric`, `value`, `step`, `steps` and of an item all but
// `correct_normalised`; everything else may be missing. A
// number that is null stands for one that is not finite. `time` counts seconds since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "results/ledger/records.h"

namespace upcycle {

struct AttemptStart {
  std::string host = {};
  int64_t pid = 0;
  std::string device = {};
  std::optional<double> time = std::nullopt;
  std::optional<int64_t> launch = std::nullopt;  // that it belongs to
  std::string provenance = "{}";                 // JSON: what did it, and on what
};

struct AttemptEnd {
  StageState outcome = StageState::kFailed;  // IsOutcome
  std::string cause = {};                    // CauseName of core/error.h, or empty
  std::string message = {};
  std::optional<int> exit_code = std::nullopt;  // of its process
  std::optional<int> signal = std::nullopt;     // that ended its process
  std::optional<int64_t> peak_memory_bytes = std::nullopt;
  std::optional<double> wall_seconds = std::nullopt;
  std::optional<double> cpu_seconds = std::nullopt;
  std::optional<double> time = std::nullopt;
};

struct AttemptJudgement {
  bool begun = true;
  AttemptEnd end;
};

// A final value of an evaluation.
struct Result {
  std::string metric;
  double value = 0;
  std::optional<double> standard_error = std::nullopt;
  std::optional<int64_t> count = std::nullopt;
};

// What one question of a benchmark came to.
struct Item {
  std::string task;    // "mmlu/college_physics"
  int64_t number = 0;  // its place among the task's, from 0
  std::string record;  // of the question itself: equal for the same question
  int64_t answer = 0;  // the right choice
  bool correct = false;
  std::optional<bool> correct_normalised = std::nullopt;
  std::vector<double> log_likelihoods = {};  // of the choices, in nats
};

struct Progress {
  int64_t step = 0;
  int64_t steps = 0;
};

struct OtherEvent {};

using StageEvent =
    std::variant<OtherEvent, AttemptStart, AttemptEnd, AttemptJudgement, Result, Item, Progress>;

// Throws Error(kBug) if it is not an event, or lacks what its kind needs.
StageEvent ParseStageEvent(std::string_view json);

// Events as a journal has them; what is not known is left out.
nlohmann::json EventOf(const AttemptStart& start);
nlohmann::json EventOf(const AttemptEnd& end);
nlohmann::json EventOf(const AttemptJudgement& judgement);

}  // namespace upcycle
