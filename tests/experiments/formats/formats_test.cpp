#include "experiments/formats/formats.h"

#include <string>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

Architecture MixtureOf(Family family, RoutingOrder order) {
  Architecture a;
  a.model.family = family;
  a.moe.router.order = order;
  a.has_experts = true;
  a.vocabulary = 16;
  return a;
}

TEST(FormatOf, FollowsFamilyAndRoutingOrder) {
  using enum RoutingOrder;
  EXPECT_EQ(FormatOf(MixtureOf(Family::kLlama, kTopkThenSoftmax)), Format::kMixtral);
  EXPECT_EQ(FormatOf(MixtureOf(Family::kLlama, kSoftmaxThenTopk)), Format::kQwen2Moe);
  EXPECT_EQ(FormatOf(MixtureOf(Family::kMistral, kTopkThenSoftmax)), Format::kMixtral);
  EXPECT_EQ(FormatOf(MixtureOf(Family::kQwen2, kTopkThenSoftmax)), Format::kQwen2Moe);
  EXPECT_EQ(FormatOf(MixtureOf(Family::kQwen3, kSoftmaxThenTopk)), Format::kQwen3Moe);
  EXPECT_EQ(FormatOf(MixtureOf(Family::kOlmoe, kTopkThenSoftmax)), Format::kOlmoe);
}

TEST(FormatOf, FollowsSharedExpertsAndLayers) {
  Architecture a = MixtureOf(Family::kLlama, RoutingOrder::kTopkThenSoftmax);
  a.moe.shared_expert = SharedExpert::kGated;
  EXPECT_EQ(FormatOf(a), Format::kQwen2Moe);
  a.moe.shared_expert = SharedExpert::kNone;
  a.moe.layers.kind = LayerSelection::Kind::kEveryOther;
  EXPECT_EQ(FormatOf(a), Format::kQwen2Moe);
}

TEST(FormatOf, IsTheFamilysOwnWithoutExperts) {
  Architecture a = MixtureOf(Family::kGemma, RoutingOrder::kTopkThenSoftmax);
  a.has_experts = false;
  EXPECT_EQ(FormatOf(a), Format::kDense);
}

std::string Refusal(const Architecture& a) {
  try {
    FormatOf(a);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(FormatOf, SaysWhyEachClassComputesAnotherModel) {
  const std::string gemma = Refusal(MixtureOf(Family::kGemma, RoutingOrder::kTopkThenSoftmax));
  EXPECT_TRUE(Says(gemma, "mixtral: its dense layers are not Llama's"));
  EXPECT_TRUE(Says(gemma, "qwen3_moe: its dense layers are not Qwen 3's"));
  EXPECT_TRUE(Says(gemma, "--format upcycle"));
}

TEST(ReasonAgainst, NamesWhatARouterHasThatNoClassHas) {
  const auto reason = [](auto change) {
    Architecture a = MixtureOf(Family::kLlama, RoutingOrder::kTopkThenSoftmax);
    change(a);
    return ReasonAgainst(Format::kQwen2Moe, a);
  };
  EXPECT_EQ(reason([](Architecture& a) { a.moe.router.choice = RouterChoice::kExpertChoice; }),
            "its experts choose their tokens");
  EXPECT_EQ(reason([](Architecture& a) { a.moe.router.score = RouterScore::kSigmoid; }),
            "its router's scores are sigmoids");
  EXPECT_EQ(reason([](Architecture& a) { a.moe.router.bias_rate = 0.001; }),
            "its router has biases that count in the choice alone");
  EXPECT_EQ(reason([](Architecture& a) { a.moe.router.normalize_logits = 1; }),
            "its router's logits are normalized");
  EXPECT_EQ(reason([](Architecture& a) { a.moe.router.noise = true; }),
            "its router has weights for noise");
  EXPECT_EQ(reason([](Architecture& a) { a.moe.shared_expert = SharedExpert::kPlain; }),
            "its shared expert has no gate");
}

// What the settings of a run can be and the family's class cannot.
TEST(ReasonAgainst, NamesWhatAClassHasNoSettingFor) {
  const auto reason = [](ModelSettings model) {
    return ReasonAgainst(Format::kDense, {model, {}, false, 16});
  };
  EXPECT_EQ(reason({.family = Family::kLlama, .rotary_share = 0.5}),
            "it rotates a part of each head");
  EXPECT_EQ(reason({.family = Family::kNeoX, .rotary_share = 0.5}), "");
  EXPECT_EQ(reason({.family = Family::kNeoX, .kv_heads = 2}), "its heads share keys and values");
  EXPECT_EQ(reason({.family = Family::kGpt2, .head_width = 64}),
            "its heads together are not as wide as the model");
  EXPECT_EQ(reason({.family = Family::kOlmo, .norm_epsilon = 1e-6}),
            "the epsilon of its norms is not 1e-5");
  EXPECT_EQ(reason({.family = Family::kOlmoe}), "transformers has olmoe with experts only");
}

}  // namespace
}  // namespace upcycle
