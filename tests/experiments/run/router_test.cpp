#include "experiments/run/router.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/experiments/run/training_fixture.h"

namespace upcycle {
namespace {

// A small model after `steps` steps with these settings of its experts.
template <typename Change>
std::unique_ptr<SmallTrainer> Trained(int steps, const Change& change) {
  Architecture architecture = SmallArchitecture(true);
  change(architecture.moe);
  auto trainer = std::make_unique<SmallTrainer>(MakeCpuBackend(1), architecture, SmallTraining());
  for (int i = 0; i < steps; ++i) trainer->trainer.Step();
  return trainer;
}

std::vector<float> ValuesOf(SmallTrainer& trainer, PartKind kind, int64_t layer) {
  for (const auto& piece : trainer.model.parameters().pieces()) {
    if (!(piece.part == Part{kind, layer})) continue;
    return {piece.value.floats(), piece.value.floats() + piece.value.size()};
  }
  return {};
}

TEST(Router, MovesItsBiasByTheRateTowardsExpertsWithLessThanTheirShare) {
  const auto trainer = Trained(1, [](MoeSettings& moe) { moe.router.bias_rate = 0.125; });
  const MoeBlock::Load& load = trainer->trainer.loads().front().front();
  const int64_t all = std::accumulate(load.assigned.begin(), load.assigned.end(), 0);
  const std::vector<float> bias = ValuesOf(*trainer, PartKind::kRouterBias, 0);
  ASSERT_EQ(bias.size(), 4u);
  bool moved = false;
  for (size_t e = 0; e < bias.size(); ++e) {
    const int64_t missing = all - 4 * load.assigned[e];
    EXPECT_EQ(bias[e], missing > 0 ? 0.125f : missing < 0 ? -0.125f : 0.0f) << e;
    moved |= missing != 0;
  }
  EXPECT_TRUE(moved);
}

// Over all steps, of a router that at first tells no experts apart and has no loss to do so.
int64_t SpreadOfAssignments(double bias_rate) {
  const auto trainer = Trained(0, [bias_rate](MoeSettings& moe) {
    moe.capacity_factor = {};
    moe.router.init_std = 0;
    moe.router.load_balance = 0;
    moe.router.bias_rate = bias_rate;
  });
  std::vector<int64_t> assigned(4);
  for (int step = 0; step < 40; ++step) {
    trainer->trainer.Step();
    const MoeBlock::Load& load = trainer->trainer.loads().front().front();
    for (size_t e = 0; e < assigned.size(); ++e) assigned[e] += load.assigned[e];
  }
  return *std::max_element(assigned.begin(), assigned.end()) -
         *std::min_element(assigned.begin(), assigned.end());
}

TEST(Router, BalancesTheLoadByBiasAlone) {
  EXPECT_LT(4 * SpreadOfAssignments(0.01), SpreadOfAssignments(0));
}

TEST(Router, FillsEveryExpertWhereExpertsChoose) {
  const auto trainer = Trained(1, [](MoeSettings& moe) {
    moe.router.choice = RouterChoice::kExpertChoice;
    moe.capacity_factor = {1.25};
  });
  // 8 sequences of 16 tokens, 2 experts a token, 4 experts: 80 rows each.
  for (const auto& load : trainer->trainer.loads().front()) {
    EXPECT_EQ(load.served, std::vector<int32_t>(4, 80));
    EXPECT_EQ(load.assigned, load.served);
  }
}

TEST(Router, SharesTokensMoreEvenlyBySinkhorn) {
  const auto spread = [](RouterChoice choice) {
    const auto trainer = Trained(1, [choice](MoeSettings& moe) {
      moe.capacity_factor = {};
      moe.top_k = 1;
      moe.router.init_std = 1;
      moe.router.choice = choice;
    });
    const std::vector<int32_t>& assigned = trainer->trainer.loads().front().front().assigned;
    return *std::max_element(assigned.begin(), assigned.end()) -
           *std::min_element(assigned.begin(), assigned.end());
  };
  EXPECT_LT(2 * spread(RouterChoice::kSinkhorn), spread(RouterChoice::kTopk));
}

TEST(Router, DrawsItsNoiseFromSeedAndStepAlone) {
  const auto noisy = [](MoeSettings& moe) {
    moe.router.noise = true;
    moe.router.jitter = 0.05;
  };
  const std::vector<float> once = Trained(3, noisy)->Weights();
  EXPECT_EQ(once, Trained(3, noisy)->Weights());
  EXPECT_NE(once, Trained(3, [](MoeSettings& moe) { moe.router.noise = true; })->Weights());
}

TEST(Router, DrawsNoNoiseInEvaluation) {
  std::vector<int32_t> tokens(kCountingLength), targets(kCountingLength);
  FillCounting(0, 1, tokens, targets);
  const auto losses = [&](SmallTrainer& trainer) {
    std::vector<float> values(tokens.size());
    trainer.model.Evaluate({tokens.data(), targets.data(), 1, kCountingLength}, {}, values.data());
    return values;
  };
  const auto plain = Trained(0, [](MoeSettings&) {});
  const auto noisy = Trained(0, [](MoeSettings& moe) {
    moe.router.noise = true;
    moe.router.jitter = 0.5;
    moe.router.choice = RouterChoice::kSinkhorn;
  });
  EXPECT_EQ(losses(*plain), losses(*noisy));
}

}  // namespace
}  // namespace upcycle
