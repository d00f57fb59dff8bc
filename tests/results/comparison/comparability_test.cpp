#include "results/comparison/comparability.h"

#include <string>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

constexpr const char* kNoName = R"("name":"","weight":1,"kind":"atlas","files":[],"people":8)";

// Settings with this tokenizer, training on this world, validated on this one where it is named.
MeasuredText With(const std::string& tokenizer, int training_world, int validation_world = -1,
                  double held_out = 0.02) {
  const auto source = [](int world) {
    return std::string("[{") + kNoName + R"(,"world_seed":)" + std::to_string(world) + "}]";
  };
  return MeasuredTextOf(R"({"data":{"tokenizer":{"kind":")" + tokenizer +
                        R"(","vocabulary":512},"train":)" + source(training_world) +
                        R"(,"validation":)" +
                        (validation_world < 0 ? "[]" : source(validation_world)) +
                        R"(,"held_out":)" + std::to_string(held_out) + "}}");
}

std::string Why(const std::string& metric, const MeasuredText& arm, const MeasuredText& other) {
  return WhyNotComparable(metric, arm, other, "dense");
}

TEST(Comparability, NeedsTheSameTokensForLossesAndPerplexities) {
  const MeasuredText bytes = With("bytes", 0), bpe = With("bpe", 0);
  EXPECT_EQ(Why("validation/loss", bpe, bytes),
            "validation/loss is a mean over tokens, and its tokens are not those of dense; bits "
            "per byte compare");
  EXPECT_NE(Why("validation/books/perplexity", bpe, bytes), "");
  EXPECT_EQ(Why("validation/bits_per_byte", bpe, bytes), "");
  EXPECT_EQ(Why("atlas/accuracy", bpe, bytes), "");
}

TEST(Comparability, NeedsTheSameTextForBitsPerByteToo) {
  const MeasuredText one = With("bytes", 0, 1), other = With("bytes", 0, 2);
  EXPECT_EQ(Why("validation/bits_per_byte", one, other),
            "validation/bits_per_byte is measured on other text than that of dense");
  EXPECT_NE(Why("validation/loss", one, other), "");
  EXPECT_EQ(Why("atlas/accuracy", one, other), "");
}

TEST(Comparability, LetsArmsTrainOnWhatTheyWantWhereValidationIsNamed) {
  EXPECT_EQ(Why("validation/loss", With("bytes", 0, 2), With("bytes", 1, 2)), "");
  EXPECT_EQ(Why("validation/loss", With("bytes", 0, 2, 0.1), With("bytes", 0, 2, 0.2)), "");
}

TEST(Comparability, TakesWhatIsKeptApartOfTheTrainingTextForTheValidationElsewhere) {
  EXPECT_NE(Why("validation/loss", With("bytes", 0), With("bytes", 1)), "");
  EXPECT_NE(Why("validation/loss", With("bytes", 0, -1, 0.1), With("bytes", 0, -1, 0.2)), "");
}

TEST(Comparability, KnowsThatATrainedTokenizerDependsOnItsText) {
  EXPECT_NE(Why("validation/loss", With("bpe", 0, 2), With("bpe", 1, 2)), "");
  EXPECT_EQ(Why("validation/bits_per_byte", With("bpe", 0, 2), With("bpe", 1, 2)), "");
}

TEST(Comparability, ComparesTrainingLossesOnTheSameTrainingText) {
  EXPECT_EQ(Why("train/loss", With("bytes", 0, 1), With("bytes", 0, 2)), "");
  EXPECT_NE(Why("train/loss", With("bytes", 0, 2), With("bytes", 1, 2)), "");
}

TEST(Comparability, LooksAtNothingThatChangesNoText) {
  const auto settings = [](const std::string& source) {
    return MeasuredTextOf(R"({"data":{"tokenizer":{"kind":"bytes","vocabulary":)" +
                          std::to_string(300 + source.size()) + R"(},"train":[)" + source + "]}}");
  };
  EXPECT_EQ(
      Why("validation/loss",
          settings(R"({"name":"a","kind":"text","files":["x.txt"],"weight":1,"people":8})"),
          settings(R"({"name":"books","kind":"text","files":["x.txt"],"weight":2,"people":90})")),
      "");
}

}  // namespace
}  // namespace upcycle
