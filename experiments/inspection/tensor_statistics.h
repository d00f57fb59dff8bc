// What the numbers of a tensor are like.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "core/checkpoints/tensor_source.h"

namespace upcycle {

// Of the numbers that are finite; merged, of those of both.
struct TensorStatistics {
  int64_t count = 0;  // all numbers
  int64_t finite = 0;
  int64_t zeros = 0;
  double sum = 0;
  double squares = 0;
  float smallest = std::numeric_limits<float>::infinity();
  float largest = -std::numeric_limits<float>::infinity();

  double Mean() const;               // 0 of nothing
  double StandardDeviation() const;  // of the numbers as they are, not as a sample
  void Add(const TensorStatistics& other);
};

// Reads a tensor piece by piece; `observe` is told how many numbers it has read since the last
// time.
TensorStatistics StatisticsOf(const TensorSource& source, std::string_view name,
                              const std::function<void(int64_t)>& observe);

// The name with its numbers as '#': tensors of one kind have one pattern.
std::string PatternOf(std::string_view name);

}  // namespace upcycle
