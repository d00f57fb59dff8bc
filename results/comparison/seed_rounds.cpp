#include "results/comparison/seed_rounds.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace upcycle {
namespace {

PairedValues FirstOf(const PairedValues& values, int64_t count) {
  const auto end = static_cast<std::ptrdiff_t>(
      std::min<size_t>(values.arm.size(), static_cast<size_t>(std::max<int64_t>(0, count))));
  return {.arm = {values.arm.begin(), values.arm.begin() + end},
          .baseline = {values.baseline.begin(), values.baseline.begin() + end},
          .incomparable = values.incomparable};
}

bool IsWhole(const PairedValues& values) {
  const auto is_finite = [](double value) { return std::isfinite(value); };
  return std::ranges::all_of(values.arm, is_finite) &&
         std::ranges::all_of(values.baseline, is_finite);
}

}  // namespace

SeedRounds PlayRounds(std::span<const PairedValues> family, const VerdictRules& rules,
                      SequentialTable* table) {
  UPCYCLE_CHECK(rules.looks.has_value());
  SequentialTable own;  // rounds ask for the same values again
  SequentialTable* asked = table == nullptr ? &own : table;
  std::vector<int64_t> counts(family.size(), rules.looks->first);
  const auto seen = [&] {
    std::vector<PairedValues> values;
    for (size_t i = 0; i < family.size(); ++i) values.push_back(FirstOf(family[i], counts[i]));
    return values;
  };
  SeedRounds rounds;
  while (true) {
    const std::vector<PairedValues> values = seen();
    const bool is_whole = std::ranges::all_of(
        values, [](const PairedValues& arm) { return !arm.incomparable.empty() || IsWhole(arm); });
    // Of the first round that is not whole something is told only where there is none before it.
    if (is_whole || rounds.arms.empty()) rounds.arms = AllocateSeeds(values, rules, asked);
    if (!is_whole) break;
    bool any_more = false;
    for (size_t i = 0; i < family.size(); ++i) {
      if (rounds.arms[i].need != SeedNeed::kMore) continue;
      const bool has_another = counts[i] < static_cast<int64_t>(family[i].arm.size());
      if (!has_another) continue;
      ++counts[i];
      any_more = true;
    }
    rounds.is_over = !any_more;
    if (rounds.is_over) break;
  }
  for (size_t i = 0; i < family.size(); ++i) {
    rounds.arms[i].seeds = family[i].incomparable.empty() ? counts[i] : 0;
    rounds.baseline_seeds = std::max(rounds.baseline_seeds, rounds.arms[i].seeds);
  }
  return rounds;
}

}  // namespace upcycle
