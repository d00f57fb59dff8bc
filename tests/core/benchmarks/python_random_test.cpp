#include "core/benchmarks/python_random.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

using Drawn = std::vector<uint32_t>;

// The numbers are those of Python 3.11's random.Random.
TEST(PythonRandom, DrawsPythonsNumbers) {
  PythonRandom random(1234);
  EXPECT_EQ(random.Uniform(), 0.9664535356921388);
  EXPECT_EQ(random.Uniform(), 0.4407325991753527);
  EXPECT_EQ(random.Uniform(), 0.007491470058587191);
  EXPECT_EQ(PythonRandom(0).Uniform(), 0.8444218515250481);
}

TEST(PythonRandom, TakesSeedsOfTwoWords) {
  EXPECT_EQ(PythonRandom(1234567890123).Uniform(), 0.8225316907510454);
}

TEST(PythonRandom, SamplesAsPythonDoesWhicheverWayItTakes) {
  PythonRandom random(1234);
  EXPECT_EQ(random.Sample(10, 4), (Drawn{7, 1, 0, 9}));                     // a pool
  EXPECT_EQ(random.Sample(1000, 6), (Drawn{932, 965, 961, 826, 596, 35}));  // a set
  EXPECT_EQ(random.Sample(100, 7), (Drawn{85, 88, 10, 12, 98, 45, 30}));
  Drawn below;
  for (int i = 0; i < 5; ++i) below.push_back(random.Below(7));
  EXPECT_EQ(below, (Drawn{0, 0, 6, 0, 2}));
}

TEST(PythonRandom, SamplesNothingAndEverything) {
  PythonRandom random(5);
  EXPECT_EQ(random.Sample(0, 0), Drawn{});
  Drawn all = random.Sample(30, 30);
  std::ranges::sort(all);
  for (uint32_t i = 0; i < 30; ++i) EXPECT_EQ(all[i], i);
}

TEST(PythonRandom, OneOfOneIsTheFirst) { EXPECT_EQ(PythonRandom(9).Below(1), 0u); }

}  // namespace
}  // namespace upcycle
