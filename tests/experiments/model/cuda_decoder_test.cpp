// A decoder on the CUDA backend: on a GPU, and with kernels that the host runs.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "experiments/model/decoder.h"
#include "kernels/gpus.h"
#include "tests/experiments/model/family_cases.h"

namespace upcycle {
namespace {

using Tokens = std::vector<int32_t>;
using Logits = std::vector<std::vector<float>>;  // of each token

constexpr int64_t kLength = 15;

Tokens Text() {
  Tokens tokens;
  for (int32_t i = 0; i < kLength; ++i) tokens.push_back(i * i % 32);
  return tokens;
}

// Of Text, appended in pieces of `piece` tokens.
Logits InPieces(Backend& backend, const Architecture& architecture, int64_t piece) {
  Transformer model(backend, architecture,
                    {.limits = {1, kLength, 1}, .purpose = Purpose::kEvaluate});
  model.parameters().Initialize(backend, 3);
  Decoder decoder(model, 2, kLength);
  const Tokens text = Text();
  Logits logits;
  for (int64_t begin = 0; begin < kLength; begin += piece) {
    const int64_t count = std::min(piece, kLength - begin);
    decoder.Extend(Tokens{1}, {text.data() + begin, static_cast<size_t>(count)},
                   Tokens{static_cast<int32_t>(count)});
    for (int64_t i = 0; i < count; ++i) {
      logits.emplace_back(static_cast<size_t>(architecture.vocabulary));
      decoder.Logits(0, i, logits.back());
    }
  }
  return logits;
}

// The largest difference over the largest logit.
double Difference(const Logits& found, const Logits& expected) {
  double difference = 0, largest = 0;
  for (size_t t = 0; t < expected.size(); ++t) {
    for (size_t v = 0; v < expected[t].size(); ++v) {
      const double error = std::abs(double{found[t][v]} - double{expected[t][v]});
      difference = std::isfinite(error) ? std::max(difference, error) : HUGE_VAL;
      largest = std::max(largest, std::abs(double{expected[t][v]}));
    }
  }
  return difference / largest;
}

class CudaDecoder : public testing::TestWithParam<FamilyCase> {
 protected:
  void SetUp() override {
    if (CudaDeviceCount() == 0) GTEST_SKIP() << "no GPU here, or no CUDA in this build";
  }
  Architecture architecture() const {
    Architecture architecture = GetParam().architecture();
    architecture.model.init_std = 0.1;
    return architecture;
  }
};

INSTANTIATE_TEST_SUITE_P(, CudaDecoder, testing::ValuesIn(kFamilyCases),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(CudaDecoder, ComputesInFloat32WhatTheCpuDoes) {
  const auto cpu = MakeCpuBackend(1), cuda = MakeCudaBackend(0, DataType::kFloat32);
  const Logits expected = InPieces(*cpu, architecture(), kLength);
  for (const int64_t piece : {int64_t{1}, int64_t{4}, kLength}) {
    EXPECT_LE(Difference(InPieces(*cuda, architecture(), piece), expected), 1e-5) << piece;
  }
}

// Activations have 8 significant bits there, and each layer rounds several times.
TEST_P(CudaDecoder, ComputesInBFloat16WhatItRoundsTo) {
  const auto cpu = MakeCpuBackend(1), cuda = MakeCudaBackend(0, DataType::kBFloat16);
  const Logits expected = InPieces(*cpu, architecture(), kLength);
  for (const int64_t piece : {int64_t{1}, int64_t{4}, kLength}) {
    EXPECT_LE(Difference(InPieces(*cuda, architecture(), piece), expected), 0.04) << piece;
  }
}

}  // namespace
}  // namespace upcycle
