#include "results/statistics/effect.h"

#include <cmath>

#include "core/check.h"
#include "results/statistics/holm.h"

namespace upcycle {

Effect EffectBetween(std::span<const double> with, std::span<const double> without, double level) {
  UPCYCLE_CHECK_EQ(with.size(), without.size());
  Effect effect;
  std::vector<double> arm, baseline;
  for (size_t seed = 0; seed < with.size(); ++seed) {
    if (!std::isfinite(with[seed]) || !std::isfinite(without[seed])) {
      ++effect.missing;
      continue;
    }
    arm.push_back(with[seed]);
    baseline.push_back(without[seed]);
  }
  effect.pairs = ComparePairs(arm, baseline, level);
  return effect;
}

void AdjustTogether(std::span<Effect* const> effects) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> p;
  for (const Effect* effect : effects) p.push_back(effect->missing > 0 ? kNone : effect->pairs.p);
  const std::vector<double> adjusted = HolmAdjusted(p);
  for (size_t i = 0; i < effects.size(); ++i) effects[i]->adjusted_p = adjusted[i];
}

}  // namespace upcycle
