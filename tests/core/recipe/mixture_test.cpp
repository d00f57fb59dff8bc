#include "core/recipe/mixture.h"

#include <string>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

Mixture Copies() {
  Mixture usual;
  usual.upcycle.method = UpcycleMethod::kCopy;
  return usual;
}

std::string Refusal(const ModelSettings& dense, const std::vector<std::string>& settings) {
  try {
    ReadMixture(dense, Copies(), settings);
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kInput);
    return error.what();
  }
  return "";
}

TEST(Mixture, IsWhatIsUsualAndWhatIsAskedFor) {
  const Mixture mixture =
      ReadMixture({}, Copies(), {"moe.expansion=4", "moe.router=topk_then_softmax"});
  EXPECT_EQ(mixture.moe.expansion, 4);
  EXPECT_EQ(mixture.moe.top_k, 2);
  EXPECT_EQ(mixture.moe.router.order, RoutingOrder::kTopkThenSoftmax);
  EXPECT_EQ(mixture.upcycle.method, UpcycleMethod::kCopy);
  EXPECT_TRUE(mixture.warnings.empty());
}

TEST(Mixture, RefusesSettingsThatAreNotKnown) {
  EXPECT_TRUE(Says(Refusal({}, {"moe.topk=2"}), "did you mean \"top_k\"?"));
  EXPECT_TRUE(Says(Refusal({}, {"moe.top_k=many"}), "moe.top_k"));
  EXPECT_TRUE(
      Says(Refusal({}, {"train.tokens=5"}), "train.tokens is no setting of moe or upcycle"));
  EXPECT_TRUE(Says(Refusal({}, {"moe"}), "an override without a setting or a value"));
}

TEST(Mixture, RefusesWhatTheDenseModelCannotBecome) {
  EXPECT_TRUE(Says(Refusal({.family = Family::kGpt2}, {}), "gpt2 is none of them"));
  EXPECT_TRUE(Says(Refusal({}, {"moe.granularity=7", "upcycle=virtual_groups"}), "granularity"));
  EXPECT_TRUE(Says(Refusal({}, {"moe.top_k=9"}), "moe.top_k"));
}

// Nothing is said of data and training, which there are none of.
TEST(Mixture, NeedsNoData) { EXPECT_EQ(Refusal({}, {}), ""); }

TEST(Mixture, WarnsOfWhatIsProbablyNotMeant) {
  const Mixture mixture = ReadMixture(
      {.ffn_width = 384}, Copies(),
      {"upcycle=virtual_groups", "moe.granularity=4", "moe.top_k=2", "moe.expansion=2"});
  ASSERT_EQ(mixture.warnings.size(), 1u);
  EXPECT_TRUE(Says(mixture.warnings.front(), "2 of 4 parts are no whole dense MLP"));
}

}  // namespace
}  // namespace upcycle
