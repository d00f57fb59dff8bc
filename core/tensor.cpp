#include "core/tensor.h"

namespace upcycle {
namespace {

using Byte = std::byte;

// Elements in one entry of the outermost dimension.
int64_t Stride(const Shape& shape) {
  int64_t stride = 1;
  for (int i = 1; i < shape.rank(); ++i) stride *= shape[i];
  return stride;
}

template <typename Void>
Void* Offset(Void* memory, int64_t bytes) {
  using Bytes = std::conditional_t<std::is_const_v<Void>, const Byte, Byte>;
  return static_cast<Bytes*>(memory) + bytes;
}

}  // namespace

Shape::Shape(std::initializer_list<int64_t> extents) : rank_(static_cast<int>(extents.size())) {
  UPCYCLE_CHECK(extents.size() <= kMaximumRank);
  int i = 0;
  int64_t size = 1;
  for (int64_t extent : extents) {
    UPCYCLE_CHECK(extent >= 0 && !__builtin_mul_overflow(size, extent, &size));
    extents_[i++] = extent;
  }
}

int64_t Shape::size() const {
  int64_t size = 1;
  for (int i = 0; i < rank_; ++i) size *= extents_[i];
  return size;
}

std::string Shape::ToString() const {
  std::string text = "[";
  for (int i = 0; i < rank_; ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(extents_[i]);
  }
  return text + "]";
}

template <typename Void>
BasicTensor<Void> BasicTensor<Void>::Slice(int64_t begin, int64_t count) const {
  UPCYCLE_CHECK(rank() >= 1 && begin >= 0 && count >= 0 && begin <= dim(0) &&
                count <= dim(0) - begin);
  Shape shape;
  switch (rank()) {
    case 1:
      shape = {count};
      break;
    case 2:
      shape = {count, dim(1)};
      break;
    case 3:
      shape = {count, dim(1), dim(2)};
      break;
    default:
      shape = {count, dim(1), dim(2), dim(3)};
  }
  return {Offset(memory_, begin * Stride(shape_) * SizeOf(type_)), type_, shape};
}

template <typename Void>
BasicTensor<Void> BasicTensor<Void>::operator[](int64_t i) const {
  const BasicTensor row = Slice(i, 1);
  switch (rank()) {
    case 1:
      return row.Reshaped({});
    case 2:
      return row.Reshaped({dim(1)});
    case 3:
      return row.Reshaped({dim(1), dim(2)});
    default:
      return row.Reshaped({dim(1), dim(2), dim(3)});
  }
}

template class BasicTensor<void>;
template class BasicTensor<const void>;

}  // namespace upcycle
