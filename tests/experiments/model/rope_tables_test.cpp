#include "experiments/model/rope_tables.h"

#include <cmath>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

// Heads of 64, as Llama 3.2 1B has them.
ModelSettings Model(RopeScaling scaling) {
  ModelSettings model;
  model.width = 2048;
  model.heads = 32;
  model.rope_theta = 500000;
  model.rope_scaling = {.kind = scaling, .factor = 32};
  return model;
}

TEST(RopeFrequencies, FallFromOneRadianByTheirBase) {
  const std::vector<double> f = RopeFrequencies(Model(RopeScaling::kNone));
  ASSERT_EQ(f.size(), 32u);
  EXPECT_EQ(f[0], 1);
  EXPECT_DOUBLE_EQ(f[16], 1 / std::sqrt(500000.0));
}

TEST(RopeFrequencies, AreOfThePairsThatTurn) {
  ModelSettings model = Model(RopeScaling::kNone);
  model.rotary_share = 0.25;
  const std::vector<double> f = RopeFrequencies(model);
  ASSERT_EQ(f.size(), 8u);
  EXPECT_DOUBLE_EQ(f[4], 1 / std::sqrt(500000.0));
}

TEST(RopeFrequencies, AreAllLoweredByLinearScaling) {
  const std::vector<double> whole = RopeFrequencies(Model(RopeScaling::kNone));
  const std::vector<double> f = RopeFrequencies(Model(RopeScaling::kLinear));
  for (size_t i = 0; i < f.size(); ++i) EXPECT_DOUBLE_EQ(f[i], whole[i] / 32);
}

// What transformers' _compute_llama3_parameters gives for Llama 3.2 1B's configuration, in float32.
TEST(RopeFrequencies, AreThoseOfLlama32) {
  const std::vector<double> f = RopeFrequencies(Model(RopeScaling::kLlama3));
  EXPECT_NEAR(f[0] / 1, 1, 1e-6);
  EXPECT_NEAR(f[5] / 0.128687382, 1, 1e-6);
  EXPECT_NEAR(f[12] / 0.00729266508, 1, 1e-6);
  EXPECT_NEAR(f[14] / 0.00321144611, 1, 1e-6);
  EXPECT_NEAR(f[15] / 0.00129054801, 1, 1e-6);
  EXPECT_NEAR(f[16] / 0.000429556705, 1, 1e-6);
  EXPECT_NEAR(f[17] / 9.70828623e-05, 1, 1e-6);
  EXPECT_NEAR(f[18] / 1.94616387e-05, 1, 1e-6);
  EXPECT_NEAR(f[24] / 1.66196742e-06, 1, 1e-6);
  EXPECT_NEAR(f[31] / 9.41830649e-08, 1, 1e-6);
}

TEST(RopeTables, HoldEachPositionsCosinesAndSines) {
  const auto backend = MakeCpuBackend(1);
  ModelSettings model;
  model.width = 8;
  model.heads = 2;
  model.rope_theta = 100;
  std::vector<float> cosines(6), sines(6);
  FillRopeTables(*backend, {Tensor(cosines.data(), {3, 2}), Tensor(sines.data(), {3, 2})}, model);
  for (int position = 0; position < 3; ++position) {
    for (int i = 0; i < 2; ++i) {
      const double angle = position * std::pow(0.1, i);
      EXPECT_FLOAT_EQ(cosines[static_cast<size_t>(2 * position + i)], std::cos(angle));
      EXPECT_FLOAT_EQ(sines[static_cast<size_t>(2 * position + i)], std::sin(angle));
    }
  }
}

}  // namespace
}  // namespace upcycle
