// Tensors: small row-major views, passed by value. They own nothing; the memory belongs to a
// BufferPlan's block (kernels/buffer_plan.h), to a mapped file, or to a test's vector.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "core/check.h"

namespace upcycle {

enum class DataType : uint8_t { kFloat32, kBFloat16, kFloat16, kInt32, kInt64, kUInt16, kUInt8 };

// Bytes of one element.
constexpr int64_t SizeOf(DataType type) {
  switch (type) {
    case DataType::kInt64:
      return 8;
    case DataType::kFloat32:
    case DataType::kInt32:
      return 4;
    case DataType::kBFloat16:
    case DataType::kFloat16:
    case DataType::kUInt16:
      return 2;
    case DataType::kUInt8:
      return 1;
  }
  return 0;
}

template <typename T>
struct DataTypeOf;
template <>
struct DataTypeOf<float> {
  static constexpr DataType value = DataType::kFloat32;
};
template <>
struct DataTypeOf<int32_t> {
  static constexpr DataType value = DataType::kInt32;
};
template <>
struct DataTypeOf<int64_t> {
  static constexpr DataType value = DataType::kInt64;
};
template <>
struct DataTypeOf<uint16_t> {
  static constexpr DataType value = DataType::kUInt16;
};
template <>
struct DataTypeOf<uint8_t> {
  static constexpr DataType value = DataType::kUInt8;
};

// Up to four extents, outermost first. A product beyond int64_t is a bug.
class Shape {
 public:
  static constexpr int kMaximumRank = 4;

  Shape() = default;
  Shape(std::initializer_list<int64_t> extents);  // NOLINT: {n, width} reads as a shape

  int rank() const { return rank_; }
  int64_t operator[](int i) const { return extents_[i]; }
  int64_t size() const;  // the number of elements; 1 for rank 0
  bool operator==(const Shape& other) const = default;
  std::string ToString() const;  // "[4, 128]"

 private:
  std::array<int64_t, kMaximumRank> extents_ = {0, 0, 0, 0};
  int rank_ = 0;
};

// `Void` is `void` or `const void`; use the names Tensor and ConstTensor below.
template <typename Void>
class BasicTensor {
  template <typename T>
  using Element = std::conditional_t<std::is_const_v<Void>, const T, T>;

 public:
  BasicTensor() = default;
  BasicTensor(Void* memory, DataType type, Shape shape)
      : memory_(memory), type_(type), shape_(shape) {}
  // A view of contiguous elements of a C++ type: Tensor(values.data(), {rows, columns}).
  template <typename T>
  requires(!std::is_void_v<T>) BasicTensor(T* values, Shape shape)
      : memory_(values), type_(DataTypeOf<std::remove_const_t<T>>::value), shape_(shape) {}
  // Reading a writable tensor is always allowed.
  operator BasicTensor<const void>() const { return {memory_, type_, shape_}; }  // NOLINT

  bool empty() const { return memory_ == nullptr; }
  Void* memory() const { return memory_; }
  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t dim(int i) const { return shape_[i]; }
  int64_t size() const { return shape_.size(); }
  int64_t bytes() const { return size() * SizeOf(type_); }

  // The elements as T, which must be the tensor's own type.
  template <typename T>
  Element<T>* data() const {
    UPCYCLE_CHECK(DataTypeOf<T>::value == type_);
    return static_cast<Element<T>*>(memory_);
  }
  Element<float>* floats() const { return data<float>(); }
  Element<int32_t>* ints() const { return data<int32_t>(); }

  // The same elements under another shape of equal size.
  BasicTensor Reshaped(Shape shape) const {
    UPCYCLE_CHECK_EQ(shape.size(), size());
    return {memory_, type_, shape};
  }
  // `count` entries of the outermost dimension from `begin` on.
  BasicTensor Slice(int64_t begin, int64_t count) const;
  // Entry `i` of the outermost dimension, with one rank less.
  BasicTensor operator[](int64_t i) const;

 private:
  Void* memory_ = nullptr;
  DataType type_ = DataType::kFloat32;
  Shape shape_;
};

using Tensor = BasicTensor<void>;
using ConstTensor = BasicTensor<const void>;

}  // namespace upcycle
