// What the host's stand-in for CUDA refuses.
#include "tests/kernels/cuda/streams.h"

#include <array>

#include <gtest/gtest.h>

#include "tests/kernels/cuda/device.h"

namespace upcycle::shim {
namespace {

class Streams : public testing::Test {
 protected:
  Streams() {
    for (cudaStream_t& stream : streams_) cudaStreamCreateWithFlags(&stream, 0);
    for (cudaEvent_t& event : events_) cudaEventCreateWithFlags(&event, 0);
  }
  ~Streams() override {
    for (const cudaStream_t stream : streams_) cudaStreamDestroy(stream);
    for (const cudaEvent_t event : events_) cudaEventDestroy(event);
  }

  // Sets the word that `to` waits to see.
  cudaError_t Set(cudaStream_t stream) { return cudaMemsetAsync(&word_, 1, sizeof(word_), stream); }
  cudaError_t Multiply(cudaStream_t stream, int workspace) {
    return GiveProduct(stream, &workspaces_[static_cast<size_t>(workspace)],
                       [] { return cudaSuccess; });
  }
  void Order(cudaStream_t earlier, cudaEvent_t event, cudaStream_t later) {
    ASSERT_EQ(cudaEventRecord(event, earlier), cudaSuccess);
    ASSERT_EQ(cudaStreamWaitEvent(later, event, 0), cudaSuccess);
  }

  std::array<cudaStream_t, 3> streams_ = {};
  std::array<cudaEvent_t, 4> events_ = {};
  std::array<char, 3> workspaces_ = {};
  cudaStream_t& main_ = streams_[0];
  int32_t word_ = 0;
};

TEST_F(Streams, RefuseWhatHasEnded) {
  cudaStream_t stream = nullptr;
  cudaStreamCreateWithFlags(&stream, 0);
  cudaStreamDestroy(stream);
  EXPECT_EQ(Set(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
  cudaEvent_t event = nullptr;
  cudaEventCreateWithFlags(&event, 0);
  cudaEventDestroy(event);
  EXPECT_EQ(cudaEventRecord(event, main_), cudaErrorInvalidResourceHandle);
}

TEST_F(Streams, RefuseToWaitForAnEventThatWasNeverRecorded) {
  EXPECT_NE(cudaStreamWaitEvent(main_, events_[0], 0), cudaSuccess);
  EXPECT_NE(cudaEventSynchronize(events_[0]), cudaSuccess);
}

TEST_F(Streams, RefuseProductsThatComeAfterNothing) {
  EXPECT_NE(Multiply(streams_[1], 1), cudaSuccess);
}

TEST_F(Streams, RefuseProductsThatDoNotWaitForTheLastWorkBeforeThem) {
  Set(main_);
  Order(main_, events_[0], streams_[1]);
  EXPECT_EQ(Multiply(streams_[1], 1), cudaSuccess);
  Order(streams_[1], events_[1], main_);
  Set(main_);
  EXPECT_NE(Multiply(streams_[1], 1), cudaSuccess);
}

TEST_F(Streams, RefuseWorkBesideAProduct) {
  Set(main_);
  Order(main_, events_[0], streams_[1]);
  EXPECT_EQ(Multiply(streams_[1], 1), cudaSuccess);
  EXPECT_NE(Set(main_), cudaSuccess);
  Order(streams_[1], events_[1], main_);
  EXPECT_EQ(Set(main_), cudaSuccess);
}

TEST_F(Streams, RefuseTwoProductsAtOnceInOneWorkspace) {
  Set(main_);
  Order(main_, events_[0], streams_[1]);
  Order(main_, events_[0], streams_[2]);
  EXPECT_EQ(Multiply(streams_[1], 1), cudaSuccess);
  EXPECT_NE(Multiply(streams_[2], 1), cudaSuccess);
  EXPECT_EQ(Multiply(streams_[2], 2), cudaSuccess);
  EXPECT_EQ(Multiply(streams_[1], 1), cudaSuccess);
}

TEST_F(Streams, RememberWhatACaptureIsGivenAndDoItOnEveryLaunch) {
  ASSERT_EQ(cudaStreamBeginCapture(main_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  ASSERT_EQ(Set(main_), cudaSuccess);
  cudaGraph_t graph = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(main_, &graph), cudaSuccess);
  EXPECT_EQ(word_, 0);
  cudaGraphExec_t executable = nullptr;
  ASSERT_EQ(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
  ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  for (int launch = 0; launch < 2; ++launch) {
    word_ = 0;
    EXPECT_EQ(cudaGraphLaunch(executable, main_), cudaSuccess);
    EXPECT_EQ(word_, 0x01010101);
  }
  EXPECT_EQ(cudaGraphExecDestroy(executable), cudaSuccess);
  EXPECT_EQ(cudaGraphLaunch(executable, main_), cudaErrorInvalidResourceHandle);
}

TEST_F(Streams, SpoilACaptureByWhatWaitsAllocatesOrCopiesOrdinaryMemory) {
  void* memory = nullptr;
  const std::array<std::function<cudaError_t()>, 5> forbidden = {
      [&] { return cudaStreamSynchronize(main_); },
      [&] { return cudaMalloc(&memory, 1); },
      [&] { return cudaMallocHost(&memory, 1); },
      [&] { return cudaMemcpyAsync(&word_, &word_, 4, cudaMemcpyDeviceToHost, main_); },
      [&] { return cudaEventRecord(events_[0], main_); },
  };
  for (const auto& call : forbidden) {
    ASSERT_EQ(cudaStreamBeginCapture(main_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    EXPECT_EQ(call(), cudaErrorStreamCaptureUnsupported);
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(main_, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
  }
}

}  // namespace
}  // namespace upcycle::shim
