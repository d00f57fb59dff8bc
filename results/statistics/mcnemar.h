// McNemar's exact test of two models on the same questions ("Note on the sampling error of the
// difference between correlated proportions or percentages", Psychometrika 1947): if neither is
// better, a question that one of them alone gets right is as likely to be either's, and
//   p = min(1, 2 · P(X ≤ min(b, c))),  X ~ Binomial(b + c, 1/2),
// where only the first gets b right and only the second c. Questions that both or neither get right
// say nothing.
#pragma once

#include <cstdint>

namespace upcycle {

// Two-sided; 1 where no question tells them apart.
double McNemarP(int64_t only_first, int64_t only_second);

}  // namespace upcycle
