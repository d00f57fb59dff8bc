#include "core/tensor.h"

#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"

namespace upcycle {
namespace {

std::vector<float> Counting(size_t size) {
  std::vector<float> values(size);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

TEST(DataType, HasTheSizeOfItsCppType) {
  EXPECT_EQ(SizeOf(DataType::kFloat32), 4);
  EXPECT_EQ(SizeOf(DataType::kBFloat16), 2);
  EXPECT_EQ(SizeOf(DataType::kFloat16), 2);
  EXPECT_EQ(SizeOf(DataType::kInt32), 4);
  EXPECT_EQ(SizeOf(DataType::kInt64), 8);
  EXPECT_EQ(SizeOf(DataType::kUInt16), 2);
  EXPECT_EQ(SizeOf(DataType::kUInt8), 1);
}

TEST(Shape, CountsItsElements) {
  EXPECT_EQ(Shape({}).size(), 1);
  EXPECT_EQ(Shape({7}).size(), 7);
  EXPECT_EQ(Shape({2, 3, 4, 5}).size(), 120);
  EXPECT_EQ(Shape({2, 0, 4}).size(), 0);
}

TEST(Shape, ComparesRankAndExtents) {
  EXPECT_EQ(Shape({2, 3}), Shape({2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({3, 2}));
  EXPECT_NE(Shape({2}), Shape({2, 0}));
}

TEST(Shape, ShowsItsExtents) {
  EXPECT_EQ(Shape({4, 128}).ToString(), "[4, 128]");
  EXPECT_EQ(Shape({}).ToString(), "[]");
}

TEST(Shape, RefusesFiveExtentsAndNegativeOnes) {
  EXPECT_EQ(CauseOf([] { Shape({1, 2, 3, 4, 5}); }), Cause::kBug);
  EXPECT_EQ(CauseOf([] { Shape({2, -1}); }), Cause::kBug);
}

TEST(Shape, RefusesMoreElementsThanACountCanHold) {
  EXPECT_EQ(CauseOf([] { Shape({int64_t{1} << 32, int64_t{1} << 32}); }), Cause::kBug);
}

TEST(Tensor, ViewsTheMemoryItWasGiven) {
  std::vector<float> values = Counting(6);
  const Tensor tensor(values.data(), {2, 3});
  EXPECT_EQ(tensor.rank(), 2);
  EXPECT_EQ(tensor.dim(0), 2);
  EXPECT_EQ(tensor.dim(1), 3);
  EXPECT_EQ(tensor.bytes(), 24);
  tensor.floats()[4] = 40;
  EXPECT_EQ(values[4], 40);
}

TEST(Tensor, TakesItsTypeFromTheElements) {
  std::vector<int64_t> wide(1);
  std::vector<uint16_t> tokens(1);
  EXPECT_EQ(Tensor(wide.data(), {1}).type(), DataType::kInt64);
  EXPECT_EQ(Tensor(tokens.data(), {1}).type(), DataType::kUInt16);
}

TEST(Tensor, RefusesToShowItsElementsAsAnotherType) {
  std::vector<float> values(4);
  const Tensor tensor(values.data(), {4});
  EXPECT_EQ(CauseOf([&] { tensor.ints(); }), Cause::kBug);
  EXPECT_EQ(CauseOf([&] { tensor.data<uint16_t>(); }), Cause::kBug);
}

TEST(Tensor, IsEmptyUntilItHasMemory) {
  EXPECT_TRUE(Tensor().empty());
  std::vector<float> values(1);
  EXPECT_FALSE(Tensor(values.data(), {1}).empty());
}

TEST(Tensor, SlicesTheOutermostDimensionAtEveryRank) {
  std::vector<float> values = Counting(48);
  const ConstTensor line(values.data(), {48});
  EXPECT_EQ(line.Slice(5, 3).shape(), Shape({3}));
  EXPECT_EQ(line.Slice(5, 3).floats()[0], 5);
  const ConstTensor matrix(values.data(), {12, 4});
  EXPECT_EQ(matrix.Slice(2, 5).shape(), Shape({5, 4}));
  EXPECT_EQ(matrix.Slice(2, 5).floats()[0], 8);
  const ConstTensor cube(values.data(), {4, 3, 4});
  EXPECT_EQ(cube.Slice(1, 2).shape(), Shape({2, 3, 4}));
  EXPECT_EQ(cube.Slice(1, 2).floats()[0], 12);
  const ConstTensor four(values.data(), {2, 2, 3, 4});
  EXPECT_EQ(four.Slice(1, 1).shape(), Shape({1, 2, 3, 4}));
  EXPECT_EQ(four.Slice(1, 1).floats()[0], 24);
}

TEST(Tensor, SlicesByTheSizeOfItsElements) {
  std::vector<uint16_t> tokens = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(ConstTensor(tokens.data(), {3, 2}).Slice(2, 1).data<uint16_t>()[0], 5);
}

TEST(Tensor, AllowsAnEmptySliceAtItsEnd) {
  std::vector<float> values(4);
  EXPECT_EQ(Tensor(values.data(), {2, 2}).Slice(2, 0).size(), 0);
}

TEST(Tensor, RefusesASliceThatReachesOut) {
  std::vector<float> values(4);
  const Tensor tensor(values.data(), {2, 2});
  EXPECT_EQ(CauseOf([&] { tensor.Slice(1, 2); }), Cause::kBug);
  EXPECT_EQ(CauseOf([&] { tensor.Slice(-1, 1); }), Cause::kBug);
  EXPECT_EQ(CauseOf([&] { tensor.Slice(0, -1); }), Cause::kBug);
  EXPECT_EQ(CauseOf([&] { tensor.Slice(1, std::numeric_limits<int64_t>::max()); }), Cause::kBug);
  EXPECT_EQ(CauseOf([&] { tensor[2]; }), Cause::kBug);
  EXPECT_EQ(CauseOf([&] { Tensor(values.data(), {}).Slice(0, 1); }), Cause::kBug);
}

TEST(Tensor, LosesOneRankWithAnIndex) {
  std::vector<float> values = Counting(24);
  const Tensor cube(values.data(), {2, 3, 4});
  EXPECT_EQ(cube[1].shape(), Shape({3, 4}));
  EXPECT_EQ(cube[1][2].shape(), Shape({4}));
  EXPECT_EQ(cube[1][2][3].shape(), Shape({}));
  EXPECT_EQ(cube[1][2][3].floats()[0], 23);
}

TEST(Tensor, TakesAnotherShapeOfEqualSizeOnly) {
  std::vector<float> values = Counting(6);
  const Tensor tensor(values.data(), {2, 3});
  EXPECT_EQ(tensor.Reshaped({3, 2})[2].floats()[1], 5);
  EXPECT_EQ(CauseOf([&] { tensor.Reshaped({5}); }), Cause::kBug);
}

}  // namespace
}  // namespace upcycle
