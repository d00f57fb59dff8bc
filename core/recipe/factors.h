// What sets an arm apart from the arm that it is compared with, one factor for each thing that was
// chosen.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/recipe/arm_checks.h"
#include "core/recipe/effective.h"

namespace upcycle {

struct Factor {
  std::string name;   // the setting's path, or kUpcycling
  std::string value;  // the arm's, as a recipe would write it
  std::string key;    // equal for equal values
  bool operator==(const Factor&) const = default;
};
// Sorted by name.
using Factors = std::vector<Factor>;

// All of `upcycle` and `moe` where one of two arms has experts and the other has none.
inline constexpr const char* kUpcycling = "upcycle";

class FactorFinder {
 public:
  // With matched budgets train.tokens is no factor.
  FactorFinder(const Candidate& reference, MatchOn match);

  // Of the settings that either arm changes, those that decide results and differ once all is
  // reduced to what is used.
  Factors Of(const Candidate& candidate) const;

  // Whether any setting of the arm's may be a second factor; cheap, and true too often.
  bool MayHaveSeveral(const Candidate& candidate) const;

 private:
  std::set<std::string> PathsOf(const Candidate& candidate) const;
  bool IsUnused(const std::string& path, const std::vector<Reduction>& reductions) const;

  const Candidate& reference_;
  const RunSettings settings_;  // the reference's, reduced
  const std::vector<Reduction> reductions_;
  std::set<std::string> ignored_;  // paths that are no factors
};

// For each list of factors, those of an arm, whether single steps lead from no factor at all to
// it: arms of which each differs from the one before in one factor alone. Then every factor is
// told apart from the others by some pair of arms.
std::vector<bool> AreIsolated(const std::vector<Factors>& arms);

}  // namespace upcycle
