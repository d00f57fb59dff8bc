// What somebody asks of a study while it runs, and which of its runs they do not want to run.
//
// Whoever asks writes a file into ROOT/control; the root's scheduler, which is the only one to
// change anything, does what it says and removes it. Where no scheduler is at work, whoever asks
// takes its lock and writes into the root's journal.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "experiments/study/study.h"
#include "results/ledger/root_journal.h"

namespace upcycle {

enum class RequestKind { kStop, kKill, kPause, kCancel, kResume };
template <>
struct EnumNames<RequestKind> {
  static constexpr EnumName<RequestKind> values[] = {
      {RequestKind::kStop, "stop", "write checkpoints and end; the same command goes on"},
      {RequestKind::kKill, "kill", "end at once"},
      {RequestKind::kPause, "pause", "let these runs write checkpoints and wait until resumed"},
      {RequestKind::kCancel, "cancel", "end these runs, and begin them no more until resumed"},
      {RequestKind::kResume, "resume", "let these runs go on"},
  };
};

struct Request {
  RequestKind kind = RequestKind::kStop;
  HoldScope scope;  // kStop, kKill: its study; empty: whatever runs
  std::string by;   // "ada@lab"
};

// Leaves the request for the root's scheduler. The path of its file, which is gone once it was
// done.
fs::path LeaveRequest(const fs::path& root, const Request& request);

// Sets or lifts holds, as the request says; not for kStop and kKill. A resume lifts everything that
// its scope covers.
void ApplyToHolds(const Request& request, const std::vector<HoldSet>& holds, RootJournal& journal);

class Control {
 public:
  // Does what earlier requests say of holds; that an earlier scheduler was to stop does not concern
  // this one.
  Control(const Study& study, const fs::path& root, LedgerWriter& ledger, RootJournal& journal);

  struct News {
    int stop_requests = 0;  // 1: stop; 2: end at once
    bool holds_changed = false;
  };
  // What was asked since the last call.
  News Look();

  // Why the stage may not run: every run that needs it is held. Nothing where one may go on.
  std::optional<HoldSet> HoldOf(const Fingerprint& stage) const;

  // Whether the hold was set while this scheduler was at work, so that it waits for the resume.
  bool IsOfThisLaunch(const HoldSet& hold) const;

 private:
  struct StageRun {
    std::string arm;
    int64_t seed;
  };
  void ReadHolds();

  std::string study_;
  std::map<Fingerprint, std::vector<StageRun>> runs_;
  fs::path folder_;
  LedgerWriter& ledger_;
  RootJournal& journal_;
  std::vector<HoldSet> holds_;      // of this study
  std::vector<HoldSet> old_holds_;  // that were there before
};

}  // namespace upcycle
