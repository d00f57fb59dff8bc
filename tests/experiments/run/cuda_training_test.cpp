// Whole trainings on the CUDA backend against the CPU's: on a GPU, and with kernels that the host
// runs.
#include <cmath>

#include <gtest/gtest.h>

#include "kernels/checked_backend.h"
#include "tests/experiments/model/family_cases.h"
#include "tests/experiments/run/training_fixture.h"

namespace upcycle {
namespace {

constexpr int kSteps = 10;

std::vector<StepReport> Train(SmallTrainer& training, int steps = kSteps) {
  std::vector<StepReport> reports;
  for (int i = 0; i < steps; ++i) reports.push_back(training.trainer.Step());
  return reports;
}

class CudaTraining : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (CudaDeviceCount() == 0) GTEST_SKIP() << "no GPU here, or no CUDA in this build";
  }
  Architecture architecture() const { return SmallArchitecture(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(, CudaTraining, testing::Bool(),
                         [](const auto& experts) { return experts.param ? "Experts" : "Dense"; });

TEST_P(CudaTraining, TakesTenStepsAsTheCpuDoes) {
  SmallTrainer cpu(MakeCpuBackend(1), architecture(), SmallTraining());
  SmallTrainer cuda(MakeCudaBackend(0, DataType::kFloat32), architecture(), SmallTraining());
  const auto expected = Train(cpu), found = Train(cuda);
  for (int i = 0; i < kSteps; ++i) {
    EXPECT_NEAR(found[i].loss, expected[i].loss, 1e-5) << "step " << i;
    EXPECT_NEAR(found[i].balance_loss, expected[i].balance_loss, 1e-6) << "step " << i;
    EXPECT_NEAR(found[i].gradient_norm, expected[i].gradient_norm, 1e-4) << "step " << i;
  }
  EXPECT_LT(found.back().loss, found.front().loss - 0.5);
}

// 8 significant bits leave errors of about 2^-9 of what is added up.
TEST_P(CudaTraining, InBFloat16StaysNearTheCpusLosses) {
  SmallTrainer cpu(MakeCpuBackend(1), architecture(), SmallTraining());
  SmallTrainer cuda(MakeCudaBackend(0, DataType::kBFloat16), architecture(), SmallTraining());
  const auto expected = Train(cpu), found = Train(cuda);
  for (int i = 0; i < kSteps; ++i) {
    EXPECT_NEAR(found[i].loss, expected[i].loss, 0.02) << "step " << i;
  }
}

TEST_P(CudaTraining, GivesEqualBitsWhateverIsComputedAgain) {
  for (DataType type : {DataType::kFloat32, DataType::kBFloat16}) {
    SmallTrainer kept(MakeCudaBackend(0, type), architecture(), SmallTraining());
    SmallTrainer again(MakeCudaBackend(0, type), architecture(), SmallTraining(),
                       {.recompute = Recompute::kLayers});
    Train(kept, 2);
    Train(again, 2);
    EXPECT_EQ(again.Weights(), kept.Weights());
  }
}

// Every op of two steps is done on both sides; the first that differs would end them.
TEST_P(CudaTraining, StandsTheCheckOfEveryOp) {
  for (DataType type : {DataType::kFloat32, DataType::kBFloat16}) {
    for (ExpertPathChoice path :
         {ExpertPathChoice::kGrouped, ExpertPathChoice::kStreams, ExpertPathChoice::kPadded}) {
      SmallTrainer checked(std::make_unique<CheckedBackend>(MakeCudaBackend(0, type), 1),
                           architecture(), SmallTraining(), {.expert_path = path});
      EXPECT_NO_THROW(Train(checked, 2));
      if (!GetParam()) break;
    }
  }
}

TEST_P(CudaTraining, LosesNearlyEquallyWhicheverWayExpertsAreComputed) {
  std::vector<std::vector<StepReport>> found;
  for (ExpertPathChoice path :
       {ExpertPathChoice::kGrouped, ExpertPathChoice::kStreams, ExpertPathChoice::kPadded}) {
    SmallTrainer training(MakeCudaBackend(0, DataType::kFloat32), architecture(), SmallTraining(),
                          {.expert_path = path});
    found.push_back(Train(training, 5));
  }
  for (size_t i = 0; i < found[0].size(); ++i) {
    EXPECT_NEAR(found[1][i].loss, found[0][i].loss, 1e-5);
    EXPECT_NEAR(found[2][i].loss, found[0][i].loss, 1e-5);
  }
}

TEST_P(CudaTraining, HoldsMomentsInFewerBitsAndOnTheHost) {
  for (MomentType type : {MomentType::kBFloat16, MomentType::kInt8}) {
    TrainSettings settings = SmallTraining();
    settings.optimizer.moments = type;
    SmallTrainer resident(MakeCudaBackend(0, DataType::kFloat32), architecture(), settings);
    SmallTrainer offloaded(MakeCudaBackend(0, DataType::kFloat32), architecture(), settings,
                           {.moments_on_host = true});
    SmallTrainer cpu(MakeCpuBackend(1), architecture(), settings);
    Train(resident, 3);
    Train(offloaded, 3);
    EXPECT_EQ(resident.Weights(), offloaded.Weights()) << NameOf(type);
    const auto expected = Train(cpu, 4);
    EXPECT_NEAR(Train(resident, 1).back().loss, expected.back().loss, 1e-4) << NameOf(type);
  }
}

TEST_P(CudaTraining, GoesOnWhereTheCpuStoppedAndBack) {
  SmallTrainer undisturbed(MakeCpuBackend(1), architecture(), SmallTraining());
  const auto expected = Train(undisturbed, 9);

  SmallTrainer first(MakeCpuBackend(1), architecture(), SmallTraining());
  SmallTrainer second(MakeCudaBackend(0, DataType::kFloat32), architecture(), SmallTraining());
  SmallTrainer third(MakeCpuBackend(1), architecture(), SmallTraining());
  Train(first, 3);
  MoveTraining(first, second);
  Train(second, 3);
  MoveTraining(second, third);
  const auto found = Train(third, 3);
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i].loss, expected[6 + i].loss, 1e-5);
}

// Every way to route, and what lies beside routed experts.
struct RouterCase {
  const char* name;
  void (*change)(MoeSettings& moe);
};

class CudaRouters : public testing::TestWithParam<RouterCase> {
 protected:
  void SetUp() override {
    if (CudaDeviceCount() == 0) GTEST_SKIP() << "no GPU here, or no CUDA in this build";
  }
  Architecture architecture() const {
    Architecture a = SmallArchitecture(true);
    GetParam().change(a.moe);
    return a;
  }
};

constexpr RouterCase kRouters[] = {
    {"SigmoidWithBias",
     [](MoeSettings& moe) {
       moe.router.score = RouterScore::kSigmoid;
       moe.router.bias_rate = 0.01;
     }},
    {"Bias", [](MoeSettings& moe) { moe.router.bias_rate = 0.01; }},
    {"Sinkhorn", [](MoeSettings& moe) { moe.router.choice = RouterChoice::kSinkhorn; }},
    {"ExpertChoice", [](MoeSettings& moe) { moe.router.choice = RouterChoice::kExpertChoice; }},
    {"NoisyAndNormalized",
     [](MoeSettings& moe) {
       moe.router.noise = true;
       moe.router.jitter = 0.05;
       moe.router.normalize_logits = 1;
     }},
    {"SharedExpert", [](MoeSettings& moe) { moe.shared_expert = SharedExpert::kPlain; }},
    {"GatedSharedExpert", [](MoeSettings& moe) { moe.shared_expert = SharedExpert::kGated; }},
};
INSTANTIATE_TEST_SUITE_P(, CudaRouters, testing::ValuesIn(kRouters),
                         [](const auto& router) { return router.param.name; });

TEST_P(CudaRouters, TakeStepsAsTheCpuDoes) {
  SmallTrainer cpu(MakeCpuBackend(1), architecture(), SmallTraining());
  SmallTrainer cuda(MakeCudaBackend(0, DataType::kFloat32), architecture(), SmallTraining());
  const auto expected = Train(cpu, 4), found = Train(cuda, 4);
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i].loss, expected[i].loss, 1e-5) << "step " << i;
    EXPECT_NEAR(found[i].gradient_norm, expected[i].gradient_norm, 1e-4) << "step " << i;
  }
}

TEST_P(CudaRouters, StandTheCheckOfEveryOp) {
  for (DataType type : {DataType::kFloat32, DataType::kBFloat16}) {
    SmallTrainer checked(std::make_unique<CheckedBackend>(MakeCudaBackend(0, type), 1),
                         architecture(), SmallTraining(), {.recompute = Recompute::kLayers});
    EXPECT_NO_THROW(Train(checked, 2));
  }
}

class CudaFamilies : public testing::TestWithParam<FamilyCase> {
 protected:
  void SetUp() override {
    if (CudaDeviceCount() == 0) GTEST_SKIP() << "no GPU here, or no CUDA in this build";
  }
};

INSTANTIATE_TEST_SUITE_P(, CudaFamilies, testing::ValuesIn(kFamilyCases),
                         [](const auto& each) { return each.param.name; });

TEST_P(CudaFamilies, TakeStepsAsTheCpuDoes) {
  const Architecture architecture = GetParam().architecture();
  SmallTrainer cpu(MakeCpuBackend(1), architecture, SmallTraining());
  SmallTrainer cuda(MakeCudaBackend(0, DataType::kFloat32), architecture, SmallTraining());
  const auto expected = Train(cpu, 4), found = Train(cuda, 4);
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i].loss, expected[i].loss, 1e-5) << "step " << i;
    EXPECT_NEAR(found[i].gradient_norm, expected[i].gradient_norm, 1e-4) << "step " << i;
  }
}

TEST_P(CudaFamilies, StandTheCheckOfEveryOp) {
  for (DataType type : {DataType::kFloat32, DataType::kBFloat16}) {
    SmallTrainer checked(std::make_unique<CheckedBackend>(MakeCudaBackend(0, type), 1),
                         GetParam().architecture(), SmallTraining(),
                         {.recompute = Recompute::kMlp});
    EXPECT_NO_THROW(Train(checked, 2));
  }
}

}  // namespace
}  // namespace upcycle
