#include "results/differences/compare_runs.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "results/differences/stage_difference.h"
#include "results/ledger/ledger.h"

namespace upcycle {
namespace {

struct Sides {
  const ChosenRuns& a;
  LedgerView& ledger_a;
  const ChosenRuns& b;
  LedgerView& ledger_b;
  bool with_system;
};

std::string_view KindOf(const ChosenRuns& side) {
  return side.seed ? "a run" : side.arm ? "an arm" : "a study";
}

template <typename Entries, typename Name>
const typename Entries::value_type* Find(const Entries& entries, const Name& wanted,
                                         const auto& name_of) {
  const auto found = std::ranges::find(entries, wanted, name_of);
  return found == entries.end() ? nullptr : &*found;
}

std::vector<SettingChange> ChangesOf(const std::string& a, const std::string& b) {
  return ChangesBetween(nlohmann::json::parse(a), nlohmann::json::parse(b));
}

// Calls `both` for the arms that both have; all others are named.
template <typename Arms, typename Both>
void PairByName(const Arms& a, const Arms& b, Difference& difference, const Both& both) {
  const auto name = [](const auto& arm) -> const std::string& { return arm.name; };
  for (const auto& arm : a) {
    if (const auto* other = Find(b, arm.name, name)) {
      both(arm, *other);
    } else {
      difference.unpaired.push_back(fmt::format("the arm {} is only in A", arm.name));
    }
  }
  for (const auto& arm : b) {
    if (Find(a, arm.name, name) != nullptr) continue;
    difference.unpaired.push_back(fmt::format("the arm {} is only in B", arm.name));
  }
}

RunDifference CompareTwo(const Sides& sides, const ArmFacts& arm_a, const RunFacts& a,
                         const ArmFacts& arm_b, const RunFacts& b) {
  RunDifference found = {arm_a.name, arm_b.name, a.seed, b.seed, {}};
  std::set<StagePlace> places;
  for (const auto& [place, stage] : a.stages) places.insert(place);
  for (const auto& [place, stage] : b.stages) places.insert(place);
  for (const StagePlace& place : places) {
    const auto in_a = a.StageOf(place), in_b = b.StageOf(place);
    if (in_a && in_b) {
      found.stages.push_back(CompareStages(place, {sides.ledger_a, sides.a.study.stages[*in_a]},
                                           {sides.ledger_b, sides.b.study.stages[*in_b]},
                                           sides.with_system));
    } else {
      found.stages.push_back({.place = place, .only = in_a ? "A" : "B"});
    }
  }
  return found;
}

void CompareArms(const Sides& sides, const ArmFacts& a, const ArmFacts& b, Difference& difference) {
  difference.arms.push_back({a.name, b.name, ChangesOf(a.settings, b.settings)});
  const auto seed = [](const RunFacts& run) { return run.seed; };
  if (sides.a.seed) {
    difference.runs.push_back(CompareTwo(sides, a, *Find(a.runs, *sides.a.seed, seed), b,
                                         *Find(b.runs, *sides.b.seed, seed)));
    return;
  }
  for (const RunFacts& run : a.runs) {
    if (const RunFacts* other = Find(b.runs, run.seed, seed)) {
      difference.runs.push_back(CompareTwo(sides, a, run, b, *other));
    } else {
      difference.unpaired.push_back(fmt::format("seed {} of {} is only in A", run.seed, a.name));
    }
  }
  for (const RunFacts& run : b.runs) {
    if (Find(a.runs, run.seed, seed) != nullptr) continue;
    difference.unpaired.push_back(fmt::format("seed {} of {} is only in B", run.seed, b.name));
  }
}

}  // namespace

LedgerView::LedgerView(const fs::path& path)
    : path_(PathBehindLinks(path)), ledger_(path), snapshot_(ledger_.Snapshot()) {}

Difference CompareRuns(const ChosenRuns& a, LedgerView& ledger_a, const ChosenRuns& b,
                       LedgerView& ledger_b, bool with_system) {
  if (KindOf(a) != KindOf(b)) {
    throw Error(Cause::kInput,
                fmt::format("{} is {} and {} {}: name two studies, two arms or two runs", a.name,
                            KindOf(a), b.name, KindOf(b)));
  }
  const Sides sides = {a, ledger_a, b, ledger_b, with_system};
  Difference difference = {a.name, b.name, {}, {}, {}};
  const auto compare = [&](const ArmFacts& one, const ArmFacts& other) {
    CompareArms(sides, one, other, difference);
  };
  if (!a.arm) {
    PairByName(a.study.arms, b.study.arms, difference, compare);
    return difference;
  }
  const auto name = [](const ArmFacts& arm) { return arm.name; };
  compare(*Find(a.study.arms, *a.arm, name), *Find(b.study.arms, *b.arm, name));
  return difference;
}

Difference CompareSettings(const std::string& name_a, const StudyRecord& a,
                           const std::string& name_b, const StudyRecord& b) {
  Difference difference = {name_a, name_b, {}, {}, {}};
  PairByName(a.arms, b.arms, difference, [&](const ArmRecord& one, const ArmRecord& other) {
    difference.arms.push_back({one.name, other.name, ChangesOf(one.settings, other.settings)});
  });
  return difference;
}

}  // namespace upcycle
