// Where studies stand: what runs and how far it is, what waits and why, what failed and with which
// message. Facts for a person or a script; unlike a comparison they include hosts and speeds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "results/ledger/ledger_reader.h"

namespace upcycle {

// How many are in each StageState.
using StateCounts = std::array<int64_t, std::size(EnumNames<StageState>::values)>;

// One stage that runs, waits, was held back, failed, diverged or was stopped.
struct StageStatus {
  StageFacts stage;
  std::string user;                         // whom it serves: "routing, seed 3", or "18 runs"
  int64_t runs = 0;                         // how many it serves
  std::vector<AttemptFacts> attempts = {};  // not of stages that wait or were held back
  // Of a running stage, where known.
  std::optional<double> loss = std::nullopt;
  std::optional<double> tokens_per_second = std::nullopt;
  std::optional<double> seconds_left = std::nullopt;
};

struct StudyStatus {
  std::string name;
  StateCounts runs = {};
  StateCounts stages = {};
  std::vector<StageStatus> running = {};
  std::vector<StageStatus> waiting = {};
  std::vector<StageStatus> held_back = {};    // planned, and not begun for a reason
  std::vector<StageStatus> ended_early = {};  // failed, diverged, stopped or pruned
  std::vector<HoldSet> holds = {};            // what somebody paused or cancelled
  int64_t kept = 0;  // complete runs for which the last launch had nothing to do
};

struct StatusOptions {
  std::optional<std::string> study;  // all studies in the order of the alphabet where it is empty
  // Whether a scheduler is at work. Where none is, what the ledger calls running was interrupted:
  // it is given as stopped, with that reason.
  bool scheduler_at_work = true;
  // Of how many stages that run, and as many that ended early, attempts and progress are read.
  size_t most_details = SIZE_MAX;
};

// Throws Error(kInput) for an unknown study.
std::vector<StudyStatus> ReadStatus(LedgerReader& ledger, const StatusOptions& options = {});

// Of one study whose facts were read under the same Snapshot, and in which what was interrupted is
// then marked so.
StudyStatus StatusOfStudy(LedgerReader& ledger, const StatusOptions& options, StudyFacts* facts);

// One of the stages that StatusJson lists.
nlohmann::json StageStatusJson(const StageStatus& status);
// {"planned": 3, …}, all states.
nlohmann::json StateCountsJson(const StateCounts& counts);
nlohmann::json HoldsJson(const std::vector<HoldSet>& holds);
nlohmann::json StatusJson(const std::vector<StudyStatus>& studies);
std::string StatusText(const std::vector<StudyStatus>& studies);

}  // namespace upcycle
