// The columns of a comparison's table beside the arm's name, and the grid that it may be instead.
#pragma once

#include <cstddef>
#include <string>

#include "core/cost_column.h"
#include "core/table_words.h"

namespace upcycle {

struct TableColumn {
  enum class Kind { kSetting, kTest, kMetric, kCost };

  Kind kind = Kind::kMetric;
  std::string name;                           // as recipes and command lines write it
  size_t metric = 0;                          // of kMetric: its place in Comparison::metrics
  TestColumn test = TestColumn::kSeeds;       // of kTest
  CostColumn cost = CostColumn::kParameters;  // of kCost
};

// One metric over the values of two settings.
struct Grid {
  std::string rows;     // a setting's path
  std::string columns;  // another
  size_t metric = 0;    // its place in Comparison::metrics
};

}  // namespace upcycle
