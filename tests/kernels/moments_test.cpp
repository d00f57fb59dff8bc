// AdamW with moments in fewer bits than float32, and moments as float32 and back.
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "kernels/moment_storage.h"
#include "tests/kernels/array.h"
#include "tests/kernels/optimizer_state.h"
#include "tests/kernels/reference.h"
#include "tests/kernels/tested_backend.h"

namespace upcycle {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kSizes[] = {1, 255, 256, 257, 1000};
constexpr AdamWStep kStep = {.learning_rate = 0.01,
                             .beta1 = 0.9,
                             .beta2 = 0.999,
                             .epsilon = 1e-8,
                             .weight_decay = 0,
                             .clip_norm = 0,
                             .step = 3,
                             .seed = 5};

std::vector<float> Floats(const Array& x) { return {x.values.begin(), x.values.end()}; }

class AdamWMoments : public testing::Test {
 protected:
  void SetUp() override {
    if (backend_ == nullptr) GTEST_SKIP() << "no such device here";
  }
  const std::unique_ptr<Backend> backend_ = MakeTestedBackend();
};

// Loads and stores both moments, whose memory is overwritten in between.
void ExpectTheSameBitsAgain(OptimizerState& state, const char* what) {
  const StateBits before = state.Bits();
  for (const Moment which : {Moment::kFirst, Moment::kSecond}) {
    const std::vector<float> x = state.Load(which);
    state.Store(which, std::vector<float>(x.size(), 0.125f));
    state.Store(which, x);
  }
  EXPECT_TRUE(state.Bits() == before) << what;
}

TEST_F(AdamWMoments, OfFloat32AreStoredAsTheyWere) {
  OptimizerState state(*backend_, DataType::kFloat32, 5);
  state.SetElements(Moment::kFirst, std::vector<float>{0, -0.0f, kInfinity, 1e-45f, -3});
  state.SetElements(Moment::kSecond, std::vector<float>{1, FLT_MAX, 0, 1, 2});
  ExpectTheSameBitsAgain(state, "float32");
}

TEST_F(AdamWMoments, OfBFloat16AreStoredAsTheyWereForEveryPattern) {
  OptimizerState state(*backend_, DataType::kBFloat16, 65536);
  std::vector<uint16_t> all(65536), backward(65536);
  for (size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<uint16_t>(i);
    backward[i] = static_cast<uint16_t>(65535 - i);
  }
  state.SetElements(Moment::kFirst, all);
  state.SetElements(Moment::kSecond, backward);
  ExpectTheSameBitsAgain(state, "bfloat16");
}

TEST_F(AdamWMoments, OfEightBitsAreStoredAsTheyWereForEveryCodeOfBothMaps) {
  const std::vector<float> scales = {1,       -3.7f,        0.1f,    1e-30f,
                                     FLT_MIN, -FLT_MIN * 3, FLT_MAX, -1e38f};
  OptimizerState state(*backend_, DataType::kUInt8, 256 * static_cast<int64_t>(scales.size()));
  std::vector<uint8_t> codes(256 * scales.size());
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<uint8_t>(i * 7);
  for (const Moment which : {Moment::kFirst, Moment::kSecond}) {
    state.SetElements(which, codes);
    state.SetScales(which, scales);
  }
  ExpectTheSameBitsAgain(state, "8 bits");
}

TEST_F(AdamWMoments, OfEightBitsAreStoredAsTheyWereWhateverWasRounded) {
  for (const int64_t size : kSizes) {
    for (const double deviation : {1.0, 1e-20, 1e-37, 1e-44}) {
      OptimizerState state(*backend_, DataType::kUInt8, size);
      state.Store(Moment::kFirst, Floats(Random({size}, "m", deviation)));
      state.Store(Moment::kSecond, Floats(Random({size}, "v", deviation)));
      ExpectTheSameBitsAgain(state, "rounded");
    }
  }
}

TEST_F(AdamWMoments, OfZeroedMemoryAreZeroAndStoredAsTheyWere) {
  for (const DataType type : {DataType::kFloat32, DataType::kBFloat16, DataType::kUInt8}) {
    OptimizerState state(*backend_, type, 300);
    EXPECT_EQ(state.Load(Moment::kFirst), std::vector<float>(300));
    EXPECT_EQ(state.Load(Moment::kSecond), std::vector<float>(300));
    ExpectTheSameBitsAgain(state, "zeros");
  }
}

TEST_F(AdamWMoments, OfEightBitsHoldTheLargestOfABlockExactly) {
  OptimizerState state(*backend_, DataType::kUInt8, 3);
  state.Store(Moment::kFirst, {0.3f, -1.7f, 1e-9f});
  const std::vector<float> m = state.Load(Moment::kFirst);
  EXPECT_EQ(m[1], -1.7f);
  EXPECT_NEAR(m[0], 0.3f, 0.02f);
  EXPECT_EQ(m[2], 0);
}

TEST_F(AdamWMoments, StayZeroWhereGradientsAre) {
  for (const DataType type : {DataType::kBFloat16, DataType::kUInt8}) {
    OptimizerState state(*backend_, type, 600);
    const StateBits before = state.Bits();
    state.SetWeights(std::vector<float>(600, 2));
    state.Step(std::vector<float>(600), kStep);
    EXPECT_TRUE(state.Bits() == before);
    EXPECT_EQ(state.Weights(), std::vector<float>(600, 2));
  }
}

TEST_F(AdamWMoments, ThatAreNotFiniteStaySo) {
  for (const DataType type : {DataType::kBFloat16, DataType::kUInt8}) {
    for (const float bad : {kNaN, kInfinity, -kInfinity}) {
      OptimizerState state(*backend_, type, 700);
      std::vector<float> gradient(700, 1);
      gradient[300] = bad;
      state.Step(gradient, kStep);
      ExpectTheSameBitsAgain(state, "not finite");
      state.Step(std::vector<float>(700, 1), kStep);
      for (const Moment which : {Moment::kFirst, Moment::kSecond}) {
        const std::vector<float> x = state.Load(which);
        EXPECT_FALSE(std::isfinite(x[300]));
        EXPECT_TRUE(std::isfinite(x[255]) && std::isfinite(x[512]));
      }
      EXPECT_FALSE(std::isfinite(state.Weights()[300]));
    }
  }
}

// The same rounding, on moments that are updated in float64. What float32 gets wrong by its last
// bit may end one bfloat16 further: rarely, as the random numbers are the same.
TEST_F(AdamWMoments, OfBFloat16RoundByTheRule) {
  for (const int64_t size : kSizes) {
    OptimizerState state(*backend_, DataType::kBFloat16, size);
    const Array gradient = Random({size}, "g");
    const Array m = Random(DataType::kBFloat16, {size}, "m");
    AdamWStep step = kStep;
    step.first_index = (int64_t{1} << 32) - 100;
    state.Store(Moment::kFirst, Floats(m));
    state.Step(Floats(gradient), step);
    const std::vector<float> after = state.Load(Moment::kFirst);
    const CounterKey key = RoundingKeyOf(step);
    int64_t different = 0;
    for (int64_t i = 0; i < size; ++i) {
      const uint32_t random = CounterBits(key, static_cast<uint64_t>(step.first_index + i)) >> 16;
      const auto exact = static_cast<float>(0.9 * m(i) + (1 - 0.9) * gradient(i));
      const float expected = FloatOfBFloat16(RoundAtRandom(exact, random));
      if (after[static_cast<size_t>(i)] == expected) continue;
      ++different;
      EXPECT_NEAR(after[static_cast<size_t>(i)], expected, std::fabs(expected) / 128) << i;
    }
    EXPECT_LE(different, size / 100);
  }
}

// The mean over n elements of one value that lies a part p of the way between two neighbours has
// the deviation spacing · sqrt(p(1 - p)/n).
TEST_F(AdamWMoments, OfBFloat16AreRoundedWithoutBias) {
  const int64_t size = 40000;
  for (const float gradient : {1.001f, 1.003f, 1.0065f}) {
    OptimizerState state(*backend_, DataType::kBFloat16, size);
    AdamWStep step = kStep;
    step.beta1 = step.beta2 = 0;
    state.Step(std::vector<float>(static_cast<size_t>(size), gradient), step);
    const auto expect_mean = [&](Moment which, double exact) {
      const double spacing = exact < 1 ? 1.0 / 256 : 1.0 / 128;
      const double part = std::fmod(exact, spacing) / spacing;
      double mean = 0;
      for (const float x : state.Load(which)) mean += x / static_cast<double>(size);
      const double deviation = spacing * std::sqrt(part * (1 - part) / static_cast<double>(size));
      EXPECT_GT(deviation, 0);
      EXPECT_NEAR(mean, exact, 4 * deviation);
    };
    expect_mean(Moment::kFirst, gradient);
    expect_mean(Moment::kSecond, gradient * gradient);
  }
}

TEST_F(AdamWMoments, OfBFloat16FollowASlowMean) {
  const size_t size = 4096;
  OptimizerState state(*backend_, DataType::kBFloat16, size);
  state.Store(Moment::kSecond, std::vector<float>(size, 1));
  AdamWStep step = kStep;
  for (step.step = 1; step.step <= 100; ++step.step) {
    state.Step(std::vector<float>(size, std::sqrt(1.5f)), step);
  }
  double mean = 0;
  for (const float x : state.Load(Moment::kSecond)) mean += x / static_cast<double>(size);
  EXPECT_NEAR(mean, 1.5 - 0.5 * std::pow(0.999, 100), 0.002);
}

TEST_F(AdamWMoments, DifferBySeedAndStepAndNotByHowWeightsAreCutIntoCalls) {
  const std::vector<float> gradient = Floats(Random({1000}, "g"));
  const auto bits = [&](const AdamWStep& step, size_t begin, size_t end) {
    OptimizerState state(*backend_, DataType::kBFloat16, static_cast<int64_t>(end - begin));
    AdamWStep part = step;
    part.first_index += static_cast<int64_t>(begin);
    state.Step({gradient.begin() + static_cast<int64_t>(begin),
                gradient.begin() + static_cast<int64_t>(end)},
               part);
    return state.Bits().elements[0];
  };
  const auto whole = bits(kStep, 0, 1000);
  auto parts = bits(kStep, 0, 300);
  const auto rest = bits(kStep, 300, 1000);
  parts.insert(parts.end(), rest.begin(), rest.end());
  EXPECT_TRUE(parts == whole);
  AdamWStep other = kStep;
  other.seed = 6;
  EXPECT_FALSE(bits(other, 0, 1000) == whole);
  other = kStep;
  other.first_index = 1000;
  EXPECT_FALSE(bits(other, 0, 1000) == whole);
}

// Σ a·w²/2, its gradient disturbed, after 200 steps. In every block of moments a goes over four
// orders of magnitude, and v over eight: more than the map's seven, so that the smallest v would
// become 0 if it could, and their weights run away. The loss begins near 11000.
double LossOnAQuadratic(Backend& backend, DataType type) {
  const int64_t size = 1000;
  OptimizerState state(backend, type, size);
  std::vector<float> curvature(static_cast<size_t>(size)), gradient(curvature.size());
  for (size_t i = 0; i < curvature.size(); ++i) {
    curvature[i] = static_cast<float>(std::pow(10.0, static_cast<double>(i % 5) - 2));
  }
  state.SetWeights(Floats(Random({size}, "start")));
  AdamWStep step = kStep;
  double loss = 0;
  for (step.step = 1; step.step <= 200; ++step.step) {
    step.learning_rate = 0.05 * (1 - static_cast<double>(step.step) / 201);
    const std::vector<float> w = state.Weights();
    const Array noise = Random({size}, "noise/" + std::to_string(step.step), 0.1);
    loss = 0;
    for (size_t i = 0; i < w.size(); ++i) {
      loss += 0.5 * curvature[i] * w[i] * w[i];
      gradient[i] = curvature[i] * (w[i] + static_cast<float>(noise.values[i]));
    }
    state.Step(gradient, step);
  }
  return loss;
}

TEST_F(AdamWMoments, InFewerBitsReachTheLossOfFloat32) {
  const double in_float32 = LossOnAQuadratic(*backend_, DataType::kFloat32);
  EXPECT_LT(LossOnAQuadratic(*backend_, DataType::kBFloat16), 1.02 * in_float32);
  EXPECT_LT(LossOnAQuadratic(*backend_, DataType::kUInt8), 1.2 * in_float32);
  EXPECT_LT(in_float32, 10);
}

TEST_F(AdamWMoments, OnTheHostGiveTheSameBitsAsOnTheDevice) {
  for (const DataType type : {DataType::kFloat32, DataType::kBFloat16, DataType::kUInt8}) {
    for (const int64_t size : kSizes) {
      OptimizerState resident(*backend_, type, size);
      OptimizerState offloaded(*backend_, type, size, /*on_host=*/true);
      for (OptimizerState* state : {&resident, &offloaded}) {
        state->Store(Moment::kFirst, Floats(Random({size}, "m")));
        for (AdamWStep step = kStep; step.step < 6; ++step.step) {
          state->Step(Floats(Random({size}, "g")), step);
        }
      }
      EXPECT_TRUE(offloaded.Bits() == resident.Bits()) << size;
      EXPECT_EQ(offloaded.Weights(), resident.Weights()) << size;
      EXPECT_EQ(offloaded.Load(Moment::kSecond), resident.Load(Moment::kSecond)) << size;
    }
  }
}

}  // namespace
}  // namespace upcycle
