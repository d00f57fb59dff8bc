#include "results/statistics/factorial.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"

namespace upcycle {
namespace {

size_t CellsOf(const FactorialGrid& grid) {
  size_t cells = 1;
  for (const size_t levels : grid.levels) {
    UPCYCLE_CHECK(levels >= 2);
    cells *= levels;
  }
  for (const auto& seed : grid.values) UPCYCLE_CHECK_EQ(seed.size(), cells);
  return cells;
}

size_t LevelOf(const FactorialGrid& grid, size_t cell, size_t factor) {
  for (size_t later = grid.levels.size() - 1; later > factor; --later) cell /= grid.levels[later];
  return cell % grid.levels[factor];
}

double Weight(const LevelContrast& contrast, size_t level) {
  if (level > contrast.level) return 0;
  return level == contrast.level ? 1 : -1 / static_cast<double>(contrast.level);
}

// The weight of each cell: of one level of one factor, the mean over all other factors.
std::vector<double> WeightsOf(const FactorialGrid& grid, const std::vector<LevelContrast>& of,
                              size_t cells) {
  double others = static_cast<double>(cells);
  for (const LevelContrast& one : of) others /= static_cast<double>(grid.levels[one.factor]);
  std::vector<double> weights(cells, 1 / others);
  for (size_t cell = 0; cell < cells; ++cell) {
    for (const LevelContrast& one : of) {
      weights[cell] *= Weight(one, LevelOf(grid, cell, one.factor));
    }
  }
  return weights;
}

Effect EffectOf(const FactorialGrid& grid, const std::vector<double>& weights, double level) {
  std::vector<double> with, without;
  for (const auto& seed : grid.values) {
    double plus = 0, minus = 0;
    for (size_t cell = 0; cell < weights.size(); ++cell) {
      // A value that is not finite makes the seed so, also where its weight is 0.
      (weights[cell] > 0 ? plus : minus) += std::fabs(weights[cell]) * seed[cell];
    }
    with.push_back(plus);
    without.push_back(minus);
  }
  return EffectBetween(with, without, level);
}

// Of the cells, over the seeds that have all of them.
std::vector<double> MeansOf(const FactorialGrid& grid, size_t cells) {
  std::vector<double> means(cells, 0);
  double seeds = 0;
  for (const auto& seed : grid.values) {
    if (!std::ranges::all_of(seed, [](double value) { return std::isfinite(value); })) continue;
    ++seeds;
    for (size_t cell = 0; cell < cells; ++cell) means[cell] += seed[cell];
  }
  for (double& mean : means) mean /= seeds;
  return means;
}

double SquaresOf(const std::vector<double>& means) {
  double mean = 0, squares = 0;
  for (const double value : means) mean += value / static_cast<double>(means.size());
  for (const double value : means) squares += (value - mean) * (value - mean);
  return squares;
}

// (Σ w·mean)² / Σ w²: what a contrast takes of the sum of squares.
double SquaresOf(const std::vector<double>& weights, const std::vector<double>& means) {
  double sum = 0, squares = 0;
  for (size_t cell = 0; cell < weights.size(); ++cell) {
    sum += weights[cell] * means[cell];
    squares += weights[cell] * weights[cell];
  }
  return sum * sum / squares;
}

// All contrasts of one factor or of two.
std::vector<std::vector<LevelContrast>> ContrastsOf(const FactorialGrid& grid,
                                                    const std::vector<size_t>& factors) {
  std::vector<std::vector<LevelContrast>> contrasts = {{}};
  for (const size_t factor : factors) {
    std::vector<std::vector<LevelContrast>> longer;
    for (const auto& begun : contrasts) {
      for (size_t level = 1; level < grid.levels[factor]; ++level) {
        longer.push_back(begun);
        longer.back().push_back({factor, level});
      }
    }
    contrasts = std::move(longer);
  }
  return contrasts;
}

}  // namespace

FactorialAnalysis AnalyseGrid(const FactorialGrid& grid, double level) {
  UPCYCLE_CHECK(!grid.levels.empty() && level > 0 && level < 1);
  const size_t cells = CellsOf(grid), factors = grid.levels.size();
  const std::vector<double> means = MeansOf(grid, cells);
  const double all = SquaresOf(means);

  std::vector<std::vector<size_t>> terms;
  for (size_t a = 0; a < factors; ++a) terms.push_back({a});
  for (size_t a = 0; a < factors; ++a) {
    for (size_t b = a + 1; b < factors; ++b) terms.push_back({a, b});
  }
  FactorialAnalysis analysis;
  for (const std::vector<size_t>& term : terms) {
    double squares = 0;
    for (const auto& of : ContrastsOf(grid, term)) {
      const std::vector<double> weights = WeightsOf(grid, of, cells);
      analysis.contrasts.push_back({of, EffectOf(grid, weights, level)});
      squares += SquaresOf(weights, means);
    }
    const double share = all > 0 ? squares / all : std::numeric_limits<double>::quiet_NaN();
    analysis.terms.push_back({term, share});
  }
  std::vector<Effect*> family;
  for (FactorialContrast& contrast : analysis.contrasts) family.push_back(&contrast.effect);
  AdjustTogether(family);
  return analysis;
}

}  // namespace upcycle
