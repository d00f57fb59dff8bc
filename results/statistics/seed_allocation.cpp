#include "results/statistics/seed_allocation.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/check.h"

namespace upcycle {
namespace {

bool IsDecided(const Judgement& judgement) {
  switch (judgement.verdict) {
    case Verdict::kBetter:
    case Verdict::kWorse:
    case Verdict::kEquivalent:
    case Verdict::kIdentical:
      return true;
    case Verdict::kInconclusive:
    case Verdict::kUndecidable:
    case Verdict::kIncomplete:
      return false;
  }
  return false;
}

SeedNeed NeedOf(const Judgement& judgement, const PairedValues& values,
                const SequentialPlan& plan) {
  const int64_t seeds = judgement.pairs.difference.count;
  if (!values.incomparable.empty() || seeds > plan.most) return SeedNeed::kNone;
  if (judgement.verdict == Verdict::kIncomplete) return SeedNeed::kMissing;
  if (IsDecided(judgement)) return SeedNeed::kDecided;
  return seeds == plan.most ? SeedNeed::kSpent : SeedNeed::kMore;
}

std::string WhyOf(SeedNeed need, const Judgement& judgement, const SequentialPlan& plan) {
  const int64_t seeds = judgement.pairs.difference.count;
  switch (need) {
    case SeedNeed::kDecided:
      return judgement.reason.empty()
                 ? fmt::format("{} at {} seeds: adjusted p = {:.2g}", NameOf(judgement.verdict),
                               seeds, judgement.adjusted_p)
                 : fmt::format("{} at {} seeds: {}", NameOf(judgement.verdict), seeds,
                               judgement.reason);
    case SeedNeed::kMore:
      return fmt::format("not decided at {} of at most {} seeds: {}", seeds, plan.most,
                         judgement.reason);
    case SeedNeed::kSpent:
      return fmt::format("not decided by all {} seeds: {}", plan.most, judgement.reason);
    case SeedNeed::kNone:
    case SeedNeed::kMissing:
      return judgement.reason;
  }
  return "";
}

}  // namespace

std::vector<ArmSeeds> AllocateSeeds(std::span<const PairedValues> family, const VerdictRules& rules,
                                    SequentialTable* table) {
  UPCYCLE_CHECK(rules.looks.has_value() && !rules.allow_incomplete);
  const SequentialPlan& plan = *rules.looks;
  std::vector<Judgement> judgements = Judge(family, rules, table);
  std::vector<ArmSeeds> arms;
  for (size_t i = 0; i < judgements.size(); ++i) {
    const SeedNeed need = NeedOf(judgements[i], family[i], plan);
    const int64_t has = static_cast<int64_t>(family[i].arm.size());
    arms.push_back({.need = need,
                    .seeds = need == SeedNeed::kMore ? std::max(plan.first, has + 1) : has,
                    .why = WhyOf(need, judgements[i], plan),
                    .judgement = std::move(judgements[i])});
  }
  return arms;
}

}  // namespace upcycle
