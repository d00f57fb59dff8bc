#include "tests/kernels/array.h"

#include "core/bfloat16.h"
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

Array Random(DataType type, Shape shape, std::string_view name, double deviation) {
  return Rounded(Random(shape, name, deviation), type);
}

Array Rounded(Array values, DataType type) {
  for (double& value : values.values) {
    const auto real = static_cast<float>(value);
    value = type == DataType::kBFloat16 ? FloatOf(RoundToBFloat16(real)) : real;
  }
  return values;
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
