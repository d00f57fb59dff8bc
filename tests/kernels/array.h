// Small arrays of doubles for tests: what references compute with and what expectations are held
// in, integers included.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace upcycle {

struct Array {
  Shape shape;
  std::vector<double> values;

  Array() = default;
  explicit Array(Shape s, double fill = 0)
      : shape(s), values(static_cast<size_t>(s.size()), fill) {}
  Array(Shape s, std::vector<double> v) : shape(s), values(std::move(v)) {
    UPCYCLE_CHECK_EQ(static_cast<int64_t>(values.size()), shape.size());
  }

  int64_t dim(int i) const { return shape[i]; }
  int64_t size() const { return shape.size(); }

  double& operator()(int64_t i) { return values[static_cast<size_t>(i)]; }
  double operator()(int64_t i) const { return values[static_cast<size_t>(i)]; }
  double& operator()(int64_t i, int64_t j) { return (*this)(i * dim(1) + j); }
  double operator()(int64_t i, int64_t j) const { return (*this)(i * dim(1) + j); }
  double& operator()(int64_t i, int64_t j, int64_t k) {
    return (*this)((i * dim(1) + j) * dim(2) + k);
  }
  double operator()(int64_t i, int64_t j, int64_t k) const {
    return (*this)((i * dim(1) + j) * dim(2) + k);
  }
};

// Normal numbers of a standard deviation that a float holds exactly; `name` picks the stream.
Array Random(Shape shape, std::string_view name, double deviation = 1);

// The same, rounded to what `type` holds, float32 or bfloat16.
Array Random(DataType type, Shape shape, std::string_view name, double deviation = 1);
Array Rounded(Array values, DataType type);

// Whole numbers in [begin, end).
Array RandomInts(Shape shape, std::string_view name, int64_t begin, int64_t end);

// Element by element.
Array Sum(const Array& a, const Array& b);

}  // namespace upcycle
