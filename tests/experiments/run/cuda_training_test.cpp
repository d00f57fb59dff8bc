// Whole trainings on the CUDA backend against the CPU's: on a GPU, and with kernels that the host
// runs.
#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/data/tokenizer.h"
#include "experiments/run/checkpoint.h"
#include "tests/experiments/run/training_fixture.h"
#include "tests/temporary_folder.h"

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
                       Recompute::kLayers);
    Train(kept, 2);
    Train(again, 2);
    EXPECT_EQ(again.Weights(), kept.Weights());
  }
}

TEST_P(CudaTraining, GoesOnWhereTheCpuStoppedAndBack) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder / "tokenizer");
  ByteTokenizer().Save(folder / "tokenizer");
  Checkpoints checkpoints(folder / "checkpoints", folder / "tokenizer", 256);
  SmallTrainer undisturbed(MakeCpuBackend(1), architecture(), SmallTraining());
  const auto expected = Train(undisturbed, 9);

  std::vector<std::string> passed_over;
  const auto move = [&](SmallTrainer& from, SmallTrainer& to) {
    const int64_t step = from.trainer.step();
    checkpoints.Write(step, {{"step", step}}, from.model.parameters(), *from.backend);
    EXPECT_TRUE(checkpoints.Restore(
        to.model.parameters(), *to.backend,
        [&](const auto& state) { to.trainer.set_step(state.at("step")); }, passed_over));
  };
  SmallTrainer first(MakeCpuBackend(1), architecture(), SmallTraining());
  SmallTrainer second(MakeCudaBackend(0, DataType::kFloat32), architecture(), SmallTraining());
  SmallTrainer third(MakeCpuBackend(1), architecture(), SmallTraining());
  Train(first, 3);
  move(first, second);
  Train(second, 3);
  move(second, third);
  const auto found = Train(third, 3);
  EXPECT_TRUE(passed_over.empty());
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i].loss, expected[6 + i].loss, 1e-5);
}

}  // namespace
}  // namespace upcycle
