// A study as a live view shows it: arms and their seeds, how far all of it is, what came up lately.
// Drawn from the ledger alone; what is listed is bounded, and what was left out is counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "results/ledger/ledger_reader.h"
#include "results/status/status.h"

namespace upcycle {

// How much is listed. Where there is more, what runs comes first, then what ended early, then what
// waits; the order of the recipe stays.
struct ViewBounds {
  size_t arms = 200;
  size_t runs = 64;  // of an arm
  size_t stages = 100;
  size_t messages = 50;
  size_t text_bytes = 600;  // of a message or a reason
};

struct RunView {
  int64_t seed = 0;
  StageState state = StageState::kPlanned;
  double share = 0;  // of its own training that is done
};

struct ArmView {
  std::string name;
  bool is_baseline = false;
  StateCounts counts = {};  // of all its runs
  std::vector<RunView> runs = {};
  // The mean of the primary metric over complete runs, where there are any.
  std::optional<double> value = std::nullopt;
  int64_t valued = 0;  // runs in it
};

// Stages that have not begun and say the same about it.
struct WaitView {
  StageState state = StageState::kWaiting;  // or kPlanned
  std::string kind;
  std::string serves;  // whom, if there is one
  std::string reason;
  int64_t stages = 0;
};

// Something that happened: an attempt that ended badly ("retried" where another follows, else the
// stage's state), a launch that "started" or "ended", or a hold ("paused", "cancelled").
struct Message {
  std::optional<double> time;  // seconds since 1970
  std::string kind;
  std::string about;  // a stage and whom it serves, a launch, or what is held
  std::string text;
};

struct StudyView {
  std::string name;
  std::string description = {};
  std::string metric = {};
  Preference preference = Preference::kLower;
  std::string baseline = {};
  StateCounts runs = {}, stages = {};
  int64_t kept = 0;
  double share = 0;                                   // of the work that is done
  std::optional<double> seconds_left = std::nullopt;  // about; only while something runs
  std::optional<LaunchFacts> launch = std::nullopt;   // the last one
  std::vector<ArmView> arms = {};
  std::vector<StageStatus> running = {}, ended_early = {};
  std::vector<WaitView> waits = {};
  std::vector<HoldSet> holds = {};
  std::vector<Message> messages = {};  // the newest first
  int64_t arms_left_out = 0, running_left_out = 0, ended_left_out = 0, waits_left_out = 0;
};

// Reads under a Snapshot that the caller holds. `options.study` is not looked at. Throws
// Error(kInput) for an unknown study.
StudyView ReadStudyView(LedgerReader& ledger, const std::string& study,
                        const StatusOptions& options, const ViewBounds& bounds = {});

// The names of at most `most` arms, chosen as `ViewBounds` says.
std::vector<std::string> ArmsThatMatter(const StudyFacts& study, size_t most);

// As tools/serve/README.md has it.
nlohmann::json StudyViewJson(const StudyView& view);

}  // namespace upcycle
