#include "kernels/expert_path.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

// 8 experts of 2048 · 8192 with 16384 assignments: 2048 rows each if they were balanced.
constexpr ExpertSizes kWide = {
    .experts = 8, .assignments = 16384, .capacity = 2560, .width = 2048, .hidden = 8192};

ExpertPath Chosen(const ExpertSizes& sizes) { return ChooseExpertPath(sizes, DataType::kBFloat16); }

ExpertSizes WithCapacity(int64_t capacity) {
  ExpertSizes sizes = kWide;
  sizes.capacity = capacity;
  return sizes;
}

TEST(ExpertPath, PadsWideExpertsWithACapacity) {
  EXPECT_EQ(Chosen(kWide), ExpertPath::kPadded);
  EXPECT_EQ(Chosen(WithCapacity(4096)), ExpertPath::kPadded);
}

TEST(ExpertPath, DoesNotPadToMoreThanTwiceTheRows) {
  EXPECT_EQ(Chosen(WithCapacity(4097)), ExpertPath::kStreams);
}

TEST(ExpertPath, GivesStreamsToFewWideExpertsWithoutACapacity) {
  EXPECT_EQ(Chosen(WithCapacity(0)), ExpertPath::kStreams);
}

TEST(ExpertPath, GroupsManyNarrowExperts) {
  EXPECT_EQ(
      Chosen({.experts = 64, .assignments = 65536, .capacity = 1280, .width = 2048, .hidden = 511}),
      ExpertPath::kGrouped);
  EXPECT_EQ(
      Chosen(
          {.experts = 64, .assignments = 65536, .capacity = 8192, .width = 2048, .hidden = 1024}),
      ExpertPath::kGrouped);
}

TEST(ExpertPath, GroupsExpertsWithFewRows) {
  EXPECT_EQ(
      Chosen({.experts = 8, .assignments = 900, .capacity = 127, .width = 2048, .hidden = 8192}),
      ExpertPath::kGrouped);
  EXPECT_EQ(Chosen({.experts = 8,
                    .assignments = 8 * 512 - 1,
                    .capacity = 2048,
                    .width = 2048,
                    .hidden = 8192}),
            ExpertPath::kGrouped);
}

TEST(ExpertPath, GroupsInFloat32) {
  EXPECT_EQ(ChooseExpertPath(kWide, DataType::kFloat32), ExpertPath::kGrouped);
}

}  // namespace
}  // namespace upcycle
