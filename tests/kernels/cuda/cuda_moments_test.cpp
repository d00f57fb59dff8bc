// Moments on the GPU against those of the CPU, and moments on the host, with kernels run on the
// host.
#include <gtest/gtest.h>

#include "kernels/cuda/cuda_backend.h"
#include "tests/caught_error.h"
#include "tests/kernels/array.h"
#include "tests/kernels/cuda/device.h"
#include "tests/kernels/optimizer_state.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr AdamWStep kStep = {.learning_rate = 0.01,
                             .beta1 = 0.9,
                             .beta2 = 0.999,
                             .epsilon = 1e-8,
                             .weight_decay = 0.1,
                             .clip_norm = 0,
                             .step = 1,
                             .seed = 5,
                             .first_index = 77};

std::vector<float> Gradient(int64_t size, int64_t step) {
  const Array x = Random({size}, "gradient/" + std::to_string(step));
  return {x.values.begin(), x.values.end()};
}

void TakeSteps(OptimizerState& state, int64_t size) {
  for (AdamWStep step = kStep; step.step <= 4; ++step.step) {
    state.Step(Gradient(size, step.step), step);
  }
}

TEST(CudaMoments, InFewerBitsAreTheCpusToTheBit) {
  const auto cpu = MakeCpuBackend(2);
  const auto cuda = MakeCudaBackend(0, DataType::kFloat32);
  for (const DataType type : {DataType::kBFloat16, DataType::kUInt8}) {
    for (const int64_t size : {1, 255, 256, 257, 1000, 20000}) {
      OptimizerState expected(*cpu, type, size), state(*cuda, type, size);
      TakeSteps(expected, size);
      TakeSteps(state, size);
      EXPECT_TRUE(state.Bits() == expected.Bits()) << size;
    }
  }
}

// Three to nine pieces, the last of them short.
TEST(CudaMoments, OnTheHostPassThroughSeveralPiecesAndAllocateNothingAgain) {
  const int64_t size = 10000;
  CudaBackend backend(0, DataType::kFloat32, /*staging_bytes=*/10000);
  for (const DataType type : {DataType::kFloat32, DataType::kBFloat16, DataType::kUInt8}) {
    OptimizerState resident(backend, type, size), offloaded(backend, type, size, /*on_host=*/true);
    TakeSteps(resident, size);
    TakeSteps(offloaded, size);
    const int64_t before = shim::DeviceAllocations();
    for (OptimizerState* state : {&resident, &offloaded}) {
      state->Store(Moment::kFirst, state->Load(Moment::kSecond));
      state->Step(Gradient(size, 9), kStep);
    }
    EXPECT_EQ(shim::DeviceAllocations() - before, 0);
    EXPECT_TRUE(offloaded.Bits() == resident.Bits());
    EXPECT_EQ(offloaded.Weights(), resident.Weights());
  }
}

TEST(CudaMoments, SayHowMuchOfTheHostsMemoryThereIsNot) {
  const auto backend = MakeCudaBackend(0, DataType::kFloat32);
  EXPECT_TRUE(Says(MessageOf([&] { backend->AllocateOnHost(int64_t{1} << 50); }, Cause::kMemory),
                   "cannot pin 1073741824.0 MiB of the host's memory"));
}

}  // namespace
}  // namespace upcycle
