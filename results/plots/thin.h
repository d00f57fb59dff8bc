// Leaves out what no eye could see. M4 (Jugel, Jerzak, Hackenbroich and Markl, "M4: A
// Visualization-Oriented Time Series Data Aggregation", PVLDB 2014): of the points in each column
// of pixels the first, the last, the lowest and the highest stay, and the line drawn through them
// covers the same pixels as that through all.
#pragma once

#include <cstddef>
#include <vector>

#include "results/plots/plot.h"

namespace upcycle {

// Columns into which the width of a panel is cut: more than its pixels at three times the usual
// resolution of a screen, and in print 600 a dot or finer.
inline constexpr size_t kColumns = 800;

// Rising indices of the points that stay; all of them where they are no more than 4 a column.
// Columns are equally wide between the first x and the last.
std::vector<size_t> ThinnedPoints(const std::vector<Spot>& spots, size_t columns = kColumns);

Series Thinned(Series series, size_t columns = kColumns);
Band Thinned(Band band, size_t columns = kColumns);

}  // namespace upcycle
