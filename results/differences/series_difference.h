// Two records of one metric, step by step.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/ledger/ledger_reader.h"

namespace upcycle {

struct PointPair {
  int64_t step = 0;
  double a = 0, b = 0;
  double Difference() const { return b - a; }
};

struct SeriesDifference {
  std::string metric;
  std::vector<PointPair> points;     // at the steps that both have, rising
  int64_t only_a = 0, only_b = 0;    // points at steps that one of them lacks
  int64_t differing = 0;             // of `points`, whose bits differ
  std::optional<PointPair> first;    // of these
  std::optional<PointPair> largest;  // in size; one that is not finite is larger than any that is

  bool IsSame() const { return differing == 0 && only_a == 0 && only_b == 0; }
};

// Whether both are the same double, bit by bit; all NaN are one, since the ledger has one.
bool SameBits(double a, double b);

// Each by rising step.
SeriesDifference CompareSeries(std::string metric, const std::vector<MetricPoint>& a,
                               const std::vector<MetricPoint>& b);

}  // namespace upcycle
