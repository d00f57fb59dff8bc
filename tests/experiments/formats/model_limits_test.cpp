#include "experiments/formats/model_limits.h"

#include <functional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/says.h"

namespace upcycle {
namespace {

// Llama 3.1 405B.
Architecture Large() {
  ModelSettings model = {.layers = 126,
                         .width = 16384,
                         .heads = 128,
                         .kv_heads = 8,
                         .ffn_width = 53248,
                         .sequence_length = 131072,
                         .rope_theta = 5e5,
                         .rope_scaling = {.kind = RopeScaling::kLlama3},
                         .vocabulary = 128256};
  return {model, {}, false, model.vocabulary};
}

std::string ReasonWith(const std::function<void(Architecture&)>& change) {
  Architecture a = Large();
  change(a);
  return ReasonAgainstSizes(a);
}

TEST(ModelLimits, HaveRoomForTheLargestModels) {
  EXPECT_EQ(ReasonAgainstSizes(Large()), "");
  EXPECT_EQ(ReasonWith([](Architecture& a) {
              a.has_experts = true;
              a.moe.expansion = 64;
              a.moe.granularity = 16;
            }),
            "");
}

TEST(ModelLimits, RefuseCountsThatNoModelHas) {
  using Change = std::function<void(Architecture&)>;
  const std::pair<Change, const char*> cases[] = {
      {[](Architecture& a) { a.model.layers = 1'000'000'000; }, "1000000000 layers"},
      {[](Architecture& a) { a.model.layers = 0; }, "0 layers"},
      {[](Architecture& a) { a.model.heads = 0; }, "0 heads"},
      {[](Architecture& a) { a.model.kv_heads = -1; }, "-1 key-value heads"},
      {[](Architecture& a) { a.model.head_width = INT64_MAX; }, "numbers in a head"},
      {[](Architecture& a) { a.model.width = int64_t{1} << 31; }, "numbers in its width"},
      {[](Architecture& a) { a.model.ffn_width = INT64_MIN; }, "hidden neurons"},
      {[](Architecture& a) { a.vocabulary = int64_t{1} << 31; }, "rows of the vocabulary"},
      {[](Architecture& a) { a.model.sequence_length = 0; }, "0 positions"},
      {[](Architecture& a) { a.model.head_width = 3; }, "128 heads of 3 numbers"},
      {[](Architecture& a) { a.model.kv_heads = 3; }, "3 key-value heads"},
  };
  for (const auto& [change, says] : cases) EXPECT_TRUE(Says(ReasonWith(change), says));
}

TEST(ModelLimits, RefusePositionsThatAreNoNumbers) {
  const auto with = [](const std::function<void(ModelSettings&)>& change) {
    return ReasonWith([&](Architecture& a) { change(a.model); });
  };
  EXPECT_TRUE(Says(with([](ModelSettings& m) { m.norm_epsilon = 0; }), "epsilon is 0"));
  EXPECT_TRUE(Says(with([](ModelSettings& m) { m.rope_theta = -1; }), "rotary base is -1"));
  EXPECT_TRUE(Says(with([](ModelSettings& m) { m.rotary_share = -1e300; }), "a share of -1e+300"));
  EXPECT_TRUE(Says(with([](ModelSettings& m) { m.rope_scaling.factor = 0; }), "scaled by 0"));
  EXPECT_TRUE(Says(with([](ModelSettings& m) { m.rope_scaling.low_frequency_factor = 4; }),
                   "scaled from 4 to 4 waves"));
}

TEST(ModelLimits, RefuseExpertsThatNoModelHas) {
  const auto with = [](const std::function<void(MoeSettings&)>& change) {
    return ReasonWith([&](Architecture& a) {
      a.has_experts = true;
      change(a.moe);
    });
  };
  const auto with_layers = [&](const std::vector<int64_t>& layers) {
    return with([&](MoeSettings& m) { m.layers = {LayerSelection::Kind::kList, layers}; });
  };
  EXPECT_TRUE(Says(with([](MoeSettings& m) { m.expansion = m.granularity = int64_t{1} << 40; }),
                   "experts in each of 126"));
  EXPECT_TRUE(Says(with([](MoeSettings& m) { m.granularity = 0; }), "8 · 0 experts"));
  EXPECT_TRUE(Says(with([](MoeSettings& m) { m.granularity = 3; }), "be cut into 3 experts"));
  EXPECT_TRUE(Says(with([](MoeSettings& m) { m.top_k = 9; }), "chooses 9 of 8 experts"));
  EXPECT_TRUE(Says(with_layers({3, 3}), "not listed in order"));
  EXPECT_TRUE(Says(with_layers({126}), "not listed in order"));
  EXPECT_EQ(with_layers({0, 125}), "");
}

}  // namespace
}  // namespace upcycle
