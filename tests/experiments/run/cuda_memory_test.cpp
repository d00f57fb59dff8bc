// Memory on the host's stand-in for a GPU, which counts what it is asked for.
#include <numeric>

#include <gtest/gtest.h>

#include "core/error.h"
#include "kernels/gpus.h"
#include "tests/caught_error.h"
#include "tests/experiments/run/training_fixture.h"
#include "tests/kernels/cuda/device.h"
#include "tests/says.h"

namespace upcycle {
namespace {

int64_t Total(const MemoryBytes& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), int64_t{0});
}

// Wide enough that buffers outweigh the backend's own workspace many times.
Architecture WideVocabulary() {
  Architecture architecture = SmallArchitecture(true);
  architecture.model.width = 256;
  architecture.vocabulary = 100000;
  return architecture;
}

TrainSettings OneSequence() {
  TrainSettings settings = SmallTraining();
  settings.batch_sequences = 1;
  return settings;
}

TEST(CudaMemory, IsWhatWasPlannedToFivePercent) {
  const int64_t before = shim::DeviceBytes();
  SmallTrainer training(MakeCudaBackend(0, DataType::kBFloat16), WideVocabulary(), OneSequence());
  training.trainer.Step();
  const auto taken = static_cast<double>(shim::DeviceBytes() - before);
  const auto planned = static_cast<double>(Total(training.model.memory()));
  EXPECT_GT(planned, 4e8);
  EXPECT_NEAR(taken, planned + kCudaBackendBytes, 0.05 * taken);
}

TEST(CudaMemory, OfAModelThatDoesNotFitEndsInItsPartsAndWhatLowersThem) {
  Architecture architecture = WideVocabulary();
  architecture.vocabulary = 4000000;  // 1e9 parameters
  const std::string message = MessageOf(
      [&] { SmallTrainer(MakeCudaBackend(0, DataType::kBFloat16), architecture, OneSequence()); },
      Cause::kDeviceMemory);
  for (const char* part : {"weights", "gradients", "optimizer", "activations", "the GPU, which has",
                           "train.micro_batch_sequences", "execution.recompute",
                           "train.optimizer.moments", "execution.offload_optimizer"}) {
    EXPECT_TRUE(Says(message, part)) << message;
  }
}

TEST(CudaMemory, OfMomentsOnTheHostIsNotTheDevices) {
  const auto taken = [](bool on_host) {
    const int64_t before = shim::DeviceBytes();
    SmallTrainer training(MakeCudaBackend(0, DataType::kBFloat16), WideVocabulary(), OneSequence(),
                          {.moments_on_host = on_host});
    return shim::DeviceBytes() - before;
  };
  const double moments = 8.0 * 256 * 100000;
  EXPECT_NEAR(static_cast<double>(taken(false) - taken(true)), moments, 0.05 * moments);
}

}  // namespace
}  // namespace upcycle
