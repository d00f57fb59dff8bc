#include "tests/kernels/array.h"

#include "core/random.h"

namespace upcycle {

Array Random(Shape shape, std::string_view name, double deviation) {
  const RandomStream stream(1, name);
  Array array(shape);
  for (int64_t i = 0; i < array.size(); ++i) {
    array(i) = static_cast<float>(deviation * stream.Normal(static_cast<uint64_t>(i)));
  }
  return array;
}

Array RandomInts(Shape shape, std::string_view name, int64_t begin, int64_t end) {
  const RandomStream stream(1, name);
  Array array(shape);
  for (int64_t i = 0; i < array.size(); ++i) {
    const uint64_t draw =
        stream.Below(static_cast<uint64_t>(i), static_cast<uint64_t>(end - begin));
    array(i) = static_cast<double>(begin + static_cast<int64_t>(draw));
  }
  return array;
}

Array Sum(const Array& a, const Array& b) {
  UPCYCLE_CHECK(a.shape == b.shape);
  Array sum = a;
  for (int64_t i = 0; i < sum.size(); ++i) sum(i) += b(i);
  return sum;
}

}  // namespace upcycle
