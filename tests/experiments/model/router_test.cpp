#include "experiments/model/router.h"

#include <algorithm>
#include <cmath>
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

// What one batch of eight sequences, in so many micro-batches, adds to the objective for its
// routers, and the gradient of everything.
struct BatchGradients {
  double balance = 0, z = 0;
  std::vector<float> gradients;
};
BatchGradients GradientsOf(BalanceScope scope, int64_t micro_batches) {
  constexpr int64_t kSequences = 8;
  Architecture architecture = SmallArchitecture(true);
  architecture.moe.capacity_factor = {};
  architecture.moe.router.init_std = 0.5;
  architecture.moe.router.load_balance = 1;
  architecture.moe.router.balance_scope = scope;
  architecture.moe.router.z_loss = 0.1;
  const auto backend = MakeCpuBackend(1);
  const int64_t sequences = kSequences / micro_batches, tokens = sequences * kCountingLength;
  Transformer model(*backend, architecture, {{sequences, kCountingLength, micro_batches}});
  model.parameters().Initialize(*backend, 5);
  std::vector<int32_t> inputs(kSequences * kCountingLength), targets(inputs.size());
  FillCounting(0, kSequences, inputs, targets);
  const auto batch = [&](int64_t i) {
    return TokenBatch{inputs.data() + i * tokens, targets.data() + i * tokens, sequences,
                      kCountingLength};
  };
  for (int64_t i = 0; i < micro_batches && model.NeedsAssignmentPass(micro_batches); ++i) {
    model.CountAssignments(batch(i), i, micro_batches);
  }
  BatchGradients all;
  for (int64_t i = 0; i < micro_batches; ++i) {
    const auto losses = model.Backpropagate(batch(i), i, micro_batches);
    all.balance += losses.balance;
    all.z += losses.z;
  }
  const Tensor gradients = model.parameters().gradients();
  all.gradients.assign(gradients.floats(), gradients.floats() + gradients.size());
  return all;
}

double LargestDifference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::fmax(largest, std::fabs(a[i] - b[i]));
  return largest;
}

TEST(Router, HasTheSameLossesAndGradientsHoweverABatchIsSplitWhereTheyAreGlobal) {
  const BatchGradients whole = GradientsOf(BalanceScope::kGlobal, 1);
  EXPECT_GT(whole.balance, 1);
  for (const int64_t micro_batches : {2, 4, 8}) {
    const BatchGradients split = GradientsOf(BalanceScope::kGlobal, micro_batches);
    EXPECT_NEAR(split.balance, whole.balance, 1e-6) << micro_batches;
    EXPECT_NEAR(split.z, whole.z, 1e-6) << micro_batches;
    EXPECT_LT(LargestDifference(split.gradients, whole.gradients), 1e-6) << micro_batches;
  }
}

TEST(Router, BalancesEachMicroBatchByItselfWhereTheScopeSaysSo) {
  const BatchGradients whole = GradientsOf(BalanceScope::kMicroBatch, 1);
  const BatchGradients split = GradientsOf(BalanceScope::kMicroBatch, 4);
  EXPECT_GT(std::fabs(split.balance - whole.balance), 1e-3);
  EXPECT_NEAR(split.z, whole.z, 1e-6);
  EXPECT_GT(LargestDifference(split.gradients, whole.gradients), 1e-4);
}

}  // namespace
}  // namespace upcycle
