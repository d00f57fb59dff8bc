// Where two studies, arms or runs differ: in what they were asked to do, in what did it, and in
// what came of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/setting_changes.h"
#include "results/differences/answer_difference.h"
#include "results/differences/series_difference.h"

namespace upcycle {

struct ResultPair {
  std::string metric;
  std::optional<double> a, b;  // empty: it has none
  bool IsSame() const;
};

struct StageDifference {
  StagePlace place = StageRole::kTokens;
  bool same = false;              // the same stage of the same ledger: the rest is empty
  std::string only = {};          // "A" or "B", where the other run has no such stage
  bool same_fingerprint = false;  // asked for the same, so the same should have come of it
  StageState state_a = StageState::kPlanned, state_b = StageState::kPlanned;
  std::vector<SettingChange> settings = {};  // of what its fingerprint is made of
  // Of the last attempts: machine, build, libraries. Empty where one side has none.
  std::vector<SettingChange> provenance = {};
  std::vector<SeriesDifference> series = {};
  std::vector<ResultPair> results = {};
  std::vector<AnswerDifference> answers = {};
};

struct RunDifference {
  std::string arm_a, arm_b;
  int64_t seed_a = 0, seed_b = 0;
  std::vector<StageDifference> stages;
};

struct ArmDifference {
  std::string a, b;
  std::vector<SettingChange> settings;
};

struct Difference {
  std::string a = {}, b = {};  // as they were named
  std::vector<ArmDifference> arms = {};
  std::vector<RunDifference> runs = {};
  std::vector<std::string> unpaired =
      {};  // arms and runs of one side: "seed 3 of moe is only in A"
};

struct DifferenceStyle {
  bool items = false;   // lists the questions that one alone got right
  bool points = false;  // lists every step that both have
};

std::string DifferenceText(const Difference& difference, const DifferenceStyle& style);

// Everything, in full precision: every point of both, every question. A number that is not finite
// is null.
std::string DifferenceJson(const Difference& difference);

}  // namespace upcycle
