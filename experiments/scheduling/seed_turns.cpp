#include "experiments/scheduling/seed_turns.h"

#include <algorithm>

#include <fmt/format.h>

#include "results/comparison/compare_study.h"

namespace upcycle {

SeedTurns::SeedTurns(const Study& study, const fs::path& ledger)
    : is_sequential_(study.recipe.seeds_before_look > 0),
      study_(study.recipe.name),
      ledger_(ledger) {
  if (!is_sequential_) return;
  std::vector<int64_t> seen(study.recipe.arms.size(), 0);
  for (const Study::Run& run : study.runs) {
    const Turn turn = {run.arm, seen[run.arm]++};
    for (const auto& [place, stage] : run.stages) turns_[stage].push_back(turn);
  }
  Look();
}

void SeedTurns::Look() {
  if (!is_sequential_) return;
  const Comparison comparison = CompareStudy(ledger_, study_, {}, &table_);
  asked_.clear();
  why_.clear();
  is_over_ = comparison.seeds_are_over;
  for (const ArmComparison& arm : comparison.arms) {
    asked_.push_back(arm.seeds_asked.value_or(0));
    why_.push_back(!is_over_        ? "for the seeds before it"
                   : !arm.judgement ? "not needed: no arm needs another seed of the baseline"
                                    : fmt::format("not needed: {} after {} seeds",
                                                  NameOf(arm.judgement->verdict),
                                                  arm.judgement->pairs.difference.count));
  }
}

std::string SeedTurns::WhyNotAsked(const Fingerprint& stage) const {
  const auto turns = turns_.find(stage);
  if (turns == turns_.end()) return "";
  const bool is_asked = std::ranges::any_of(
      turns->second, [&](const Turn& turn) { return turn.number < asked_[turn.arm]; });
  return is_asked ? "" : why_[turns->second.front().arm];
}

}  // namespace upcycle
