#include "core/benchmarks/benchmark_score.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

BenchmarkItem Choosing(std::vector<std::string> choices, int answer) {
  BenchmarkItem item;
  item.choices = std::move(choices);
  item.answer = answer;
  return item;
}

ItemScore Score(const BenchmarkItem& item, std::vector<double> values) {
  std::vector<ChoiceLikelihood> likelihoods;
  for (const double value : values) likelihoods.push_back({value, false});
  return ScoreItem(Benchmark::kPiqa, item, likelihoods);
}

TEST(ScoreItem, TheMostLikelyChoiceIsTheAnswer) {
  EXPECT_TRUE(Score(Choosing({"a", "b"}, 1), {-2, -1}).right);
  EXPECT_FALSE(Score(Choosing({"a", "b"}, 0), {-2, -1}).right);
}

TEST(ScoreItem, OfEquallyLikelyChoicesTheFirstIsTheAnswer) {
  EXPECT_TRUE(Score(Choosing({"a", "b"}, 0), {-1, -1}).right);
}

TEST(ScoreItem, NormalisesByCharactersNotBytes) {
  // -4/2 against -6/4: the second. By bytes it would be -4/4 against -6/4: the first.
  const ItemScore score = Score(Choosing({"éé", "abcd"}, 1), {-4, -6});
  EXPECT_FALSE(score.right);
  EXPECT_TRUE(score.right_normalised);
}

TEST(ScoreItem, AnEmptyChoiceIsNeverTheNormalisedAnswer) {
  EXPECT_FALSE(Score(Choosing({"", "ab"}, 0), {-0.5, -9}).right_normalised);
}

TEST(ScoreItem, TheLastWordIsRightWhereItIsGreedy) {
  const std::vector<ChoiceLikelihood> greedy = {{-0.25, true}};
  const ItemScore score = ScoreItem(Benchmark::kLambada, Choosing({" end"}, 0), greedy);
  EXPECT_TRUE(score.right);
  EXPECT_EQ(score.log_likelihood, -0.25);
}

TEST(ScoreItem, RefusesWhatIsNotANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(Says(MessageOf(
                       [&] {
                         Score(Choosing({"a", "b"}, 1), {-1, nan});
                       },
                       Cause::kDiverged),
                   "the model's log-likelihood of \"b\" is not a number"));
}

TEST(MeanOf, HasTheStandardErrorOfASample) {
  const Estimate estimate = MeanOf(std::vector<double>{1, 0, 0, 1});
  EXPECT_EQ(estimate.value, 0.5);
  EXPECT_DOUBLE_EQ(*estimate.standard_error, std::sqrt(1.0 / 3) / 2);
  EXPECT_EQ(estimate.count, 4);
}

TEST(MeanOf, KnowsNoErrorOfOneItem) {
  EXPECT_FALSE(MeanOf(std::vector<double>{1}).standard_error.has_value());
}

// The numbers are those of lm_eval.api.metrics, of [-0.5, -1.5, -2.25, -0.125, -4.0] and 3000
// samples.
TEST(PerplexityOf, BootstrapsItsErrorAsTheHarnessDoes) {
  const Estimate estimate = PerplexityOf(std::vector<double>{-0.5, -1.5, -2.25, -0.125, -4}, 3000);
  EXPECT_NEAR(estimate.value, 5.338795149073176, 1e-13);
  EXPECT_NEAR(*estimate.standard_error, 5.022302532258899, 1e-12);
}

// The numbers are those of aggregate_subtask_metrics and pooled_sample_stderr.
TEST(PoolSubjects, WeighsBySize) {
  const std::vector<Estimate> subjects = {{0.25, 0.05, 100}, {0.5, 0.02, 300}, {1, 0.1, 7}};
  const Estimate all = PoolSubjects(subjects);
  EXPECT_NEAR(all.value, 0.44717444717444715, 1e-15);
  EXPECT_NEAR(*all.standard_error, 0.01926881233270155, 1e-15);
  EXPECT_EQ(all.count, 407);
}

TEST(PoolSubjects, KnowsNoErrorOfSubjectsOfOneItem) {
  const std::vector<Estimate> subjects = {{1, {}, 1}, {0, {}, 1}};
  EXPECT_EQ(PoolSubjects(subjects).value, 0.5);
  EXPECT_FALSE(PoolSubjects(subjects).standard_error.has_value());
}

}  // namespace
}  // namespace upcycle
