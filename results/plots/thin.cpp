#include "results/plots/thin.h"

#include <algorithm>
#include <set>

namespace upcycle {
namespace {

std::vector<Spot> Edge(const Band& band, double BandSpot::*side) {
  std::vector<Spot> spots;
  spots.reserve(band.spots.size());
  for (const BandSpot& spot : band.spots) spots.push_back({spot.x, spot.*side});
  return spots;
}

size_t ColumnOf(const Spot& spot, double first_x, double width, size_t columns) {
  const double share = width > 0 ? (spot.x - first_x) / width : 0;
  return std::min(columns - 1, static_cast<size_t>(share * static_cast<double>(columns)));
}

}  // namespace

std::vector<size_t> ThinnedPoints(const std::vector<Spot>& spots, size_t columns) {
  std::vector<size_t> kept;
  if (spots.size() <= 4 * columns) {
    for (size_t i = 0; i < spots.size(); ++i) kept.push_back(i);
    return kept;
  }
  const double first_x = spots.front().x;
  const double width = spots.back().x - first_x;
  for (size_t first = 0, end = 0; first < spots.size(); first = end) {
    const size_t column = ColumnOf(spots[first], first_x, width, columns);
    size_t lowest = first, highest = first;
    for (end = first; end < spots.size(); ++end) {
      if (ColumnOf(spots[end], first_x, width, columns) != column) break;
      if (spots[end].y < spots[lowest].y) lowest = end;
      if (spots[end].y > spots[highest].y) highest = end;
    }
    const std::set<size_t> of_column = {first, lowest, highest, end - 1};
    kept.insert(kept.end(), of_column.begin(), of_column.end());
  }
  return kept;
}

Series Thinned(Series series, size_t columns) {
  std::vector<Spot> spots;
  for (const size_t i : ThinnedPoints(series.spots, columns)) {
    spots.push_back(std::move(series.spots[i]));
  }
  series.spots = std::move(spots);
  return series;
}

Band Thinned(Band band, size_t columns) {
  const std::vector<size_t> lower = ThinnedPoints(Edge(band, &BandSpot::lower), columns);
  const std::vector<size_t> upper = ThinnedPoints(Edge(band, &BandSpot::upper), columns);
  std::set<size_t> kept(lower.begin(), lower.end());
  kept.insert(upper.begin(), upper.end());
  std::vector<BandSpot> spots;
  for (const size_t i : kept) spots.push_back(band.spots[i]);
  band.spots = std::move(spots);
  return band;
}

}  // namespace upcycle
