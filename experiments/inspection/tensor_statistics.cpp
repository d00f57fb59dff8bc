#include "experiments/inspection/tensor_statistics.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <span>
#include <vector>

namespace upcycle {
namespace {

constexpr int64_t kPiece = 1 << 22;

TensorStatistics StatisticsOfPiece(std::span<const float> values) {
  TensorStatistics found;
  found.count = static_cast<int64_t>(values.size());
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    ++found.finite;
    found.zeros += value == 0 ? 1 : 0;
    found.sum += static_cast<double>(value);
    found.squares += static_cast<double>(value) * static_cast<double>(value);
    found.smallest = std::min(found.smallest, value);
    found.largest = std::max(found.largest, value);
  }
  return found;
}

}  // namespace

double TensorStatistics::Mean() const {
  return finite == 0 ? 0 : sum / static_cast<double>(finite);
}

double TensorStatistics::StandardDeviation() const {
  if (finite == 0) return 0;
  return std::sqrt(std::max(0.0, squares / static_cast<double>(finite) - Mean() * Mean()));
}

void TensorStatistics::Add(const TensorStatistics& other) {
  count += other.count;
  finite += other.finite;
  zeros += other.zeros;
  sum += other.sum;
  squares += other.squares;
  smallest = std::min(smallest, other.smallest);
  largest = std::max(largest, other.largest);
}

TensorStatistics StatisticsOf(const TensorSource& source, std::string_view name,
                              const std::function<void(int64_t)>& observe) {
  const int64_t elements = ElementsOf(*source.Find(name));
  TensorStatistics all;
  std::vector<float> values;
  for (int64_t begin = 0; begin < elements; begin += kPiece) {
    values.resize(static_cast<size_t>(std::min(kPiece, elements - begin)));
    source.Read(name, begin, values);
    source.Release(name);
    all.Add(StatisticsOfPiece(values));
    observe(static_cast<int64_t>(values.size()));
  }
  return all;
}

std::string PatternOf(std::string_view name) {
  std::string pattern;
  for (size_t i = 0; i < name.size();) {
    size_t end = i;
    while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end]))) ++end;
    // A number is a whole word between dots: "w1" keeps its 1.
    const bool begins = i == 0 || name[i - 1] == '.';
    const bool ends = end == name.size() || name[end] == '.';
    if (end > i && begins && ends) {
      pattern += '#';
    } else {
      end = std::max(end, i + 1);
      pattern += name.substr(i, end - i);
    }
    i = end;
  }
  return pattern;
}

}  // namespace upcycle
