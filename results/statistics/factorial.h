// Main effects and interactions of two factors in a full grid, from contrasts within each seed
// (Fisher, "The Design of Experiments", 1935, ch. VI; seeds are his blocks). A factor of L levels
// has L - 1 orthogonal contrasts, each level against the mean of those before it (Helmert's),
// averaged over all levels of the other factors; the contrast of an interaction is the product of
// two: how much one contrast differs between the levels of the other. For two levels these are the
// difference, and the difference of differences.
//   One contrast of one seed is one number, and its test is the paired t test over seeds: every
// contrast has its own error, so that nothing is assumed about how cells vary together. p is
// adjusted by Holm over all contrasts. `share` splits the variation of the cells' means as an
// analysis of variance does: its sum of squares over that of all cells.
#pragma once

#include <vector>

#include "results/statistics/effect.h"

namespace upcycle {

struct FactorialGrid {
  std::vector<size_t> levels;  // of each factor, at least 2
  // values[seed][cell], cells in the order in which the last factor changes fastest; not finite
  // where missing, which leaves the seed out and refuses the tests.
  std::vector<std::vector<double>> values;
};

// Which level is set against the mean of those before it.
struct LevelContrast {
  size_t factor = 0;
  size_t level = 1;  // ≥ 1
};

struct FactorialContrast {
  std::vector<LevelContrast> of;  // one: a main effect; two: an interaction
  Effect effect;
};

struct FactorialTerm {
  std::vector<size_t> factors;  // one or two
  double share = 0;             // of the variation of the cells' means; NaN where there is none
};

struct FactorialAnalysis {
  std::vector<FactorialContrast> contrasts;
  std::vector<FactorialTerm> terms;
};

FactorialAnalysis AnalyseGrid(const FactorialGrid& grid, double level);

}  // namespace upcycle
