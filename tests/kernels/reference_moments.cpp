#include <algorithm>
#include <cmath>

#include "tests/kernels/reference.h"

namespace upcycle::reference {

std::vector<double> DynamicMapValues(bool with_sign) {
  std::vector<double> values = {0, 1};
  for (int k = 0; k < 7; ++k) {
    const int parts = (with_sign ? 1 : 2) << k;
    for (int i = 0; i < parts; ++i) {
      const double begin = 0.1 + 0.9 * i / parts, end = 0.1 + 0.9 * (i + 1) / parts;
      const double value = std::pow(10.0, k - 6) * (begin + end) / 2;
      values.push_back(value);
      if (with_sign) values.push_back(-value);
    }
  }
  std::sort(values.begin(), values.end());
  for (double& value : values) value = static_cast<float>(value);
  return values;
}

namespace {

// Of equally near values the lower.
double NearestIndex(const std::vector<double>& values, double x) {
  const auto nearer = [x](double a, double b) { return std::fabs(a - x) < std::fabs(b - x); };
  return static_cast<double>(std::min_element(values.begin(), values.end(), nearer) -
                             values.begin());
}

}  // namespace

EightBits ToEightBits(const Array& x, bool with_sign) {
  const std::vector<double> values = DynamicMapValues(with_sign);
  EightBits out = {Array(x.shape), Array({MomentBlocks(x.size())})};
  for (int64_t begin = 0; begin < x.size(); begin += kMomentBlock) {
    const int64_t end = std::min(begin + kMomentBlock, x.size());
    double scale = 0;
    for (int64_t i = begin; i < end; ++i) {
      if (std::fabs(x(i)) > std::fabs(scale)) scale = x(i);
    }
    out.scales(begin / kMomentBlock) = scale;
    for (int64_t i = begin; i < end && scale != 0; ++i) {
      out.codes(i) = NearestIndex(values, x(i) / scale);
    }
  }
  return out;
}

Array FromEightBits(const EightBits& x, bool with_sign) {
  const std::vector<double> values = DynamicMapValues(with_sign);
  Array out(x.codes.shape);
  for (int64_t i = 0; i < out.size(); ++i) {
    out(i) = values[static_cast<size_t>(x.codes(i))] * x.scales(i / kMomentBlock);
  }
  return out;
}

}  // namespace upcycle::reference
