#include "results/differences/series_difference.h"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace upcycle {
namespace {

double SizeOf(const PointPair& pair) {
  const double size = std::fabs(pair.Difference());
  return std::isfinite(size) ? size : std::numeric_limits<double>::infinity();
}

void Add(const PointPair& pair, SeriesDifference& found) {
  found.points.push_back(pair);
  if (SameBits(pair.a, pair.b)) return;
  ++found.differing;
  if (!found.first) found.first = pair;
  if (!found.largest || SizeOf(pair) > SizeOf(*found.largest)) found.largest = pair;
}

}  // namespace

bool SameBits(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

SeriesDifference CompareSeries(std::string metric, const std::vector<MetricPoint>& a,
                               const std::vector<MetricPoint>& b) {
  SeriesDifference found;
  found.metric = std::move(metric);
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i].step == b[j].step) {
      Add({a[i].step, a[i].value, b[j].value}, found);
      ++i, ++j;
    } else if (a[i].step < b[j].step) {
      ++found.only_a, ++i;
    } else {
      ++found.only_b, ++j;
    }
  }
  found.only_a += static_cast<int64_t>(a.size() - i);
  found.only_b += static_cast<int64_t>(b.size() - j);
  return found;
}

}  // namespace upcycle
