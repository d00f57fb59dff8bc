#include "experiments/evaluation/benchmark_run.h"

#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "core/benchmarks/benchmark_prompt.h"
#include "tests/experiments/run/byte_model.h"

namespace upcycle {
namespace {

BenchmarkSet Science() {
  BenchmarkSet set = {.benchmark = Benchmark::kArcEasy};
  for (int i = 0; i < 9; ++i) {
    const std::string n = std::to_string(i * 7 % 10);
    set.items.push_back({.context = "Question: What is " + n + "?\nAnswer:",
                         .choices = {"one", "two " + n, "thirty-three", "4"},
                         .ending = "",
                         .answer = i % 4,
                         .subject = "",
                         .record = Fingerprint(1, static_cast<uint64_t>(i))});
    set.examples.push_back(set.items.back());
  }
  return set;
}

double LogLikelihood(ByteModel& bytes, const ScoredText& asked) {
  const auto losses = bytes.TokenLosses(ByteTokenizer().Encode(asked.context + asked.continuation));
  return -std::accumulate(losses.end() - std::ssize(asked.continuation), losses.end(), 0.0);
}

TEST(AskSet, ScoresWhatTheModelSaysOfEachChoice) {
  ByteModel bytes(160, 2);
  const BenchmarkSet set = Science();
  const BenchmarkSettings settings = {.tasks = {}, .shots = 2, .items = 6};
  const AnsweredSet answered =
      AskSet(set, settings, bytes.model, ByteTokenizer(), [](size_t, size_t) {});
  const auto examples = ChooseExamples(set, 6, 2);
  ASSERT_EQ(answered.items.size(), 6u);
  EXPECT_EQ(answered.name, "arc_easy");
  EXPECT_EQ(answered.truncated, 0);
  double right = 0, right_normalised = 0;
  for (size_t i = 0; i < 6; ++i) {
    const auto asked = PromptsOf(set, set.items[i], examples[i]);
    const AnsweredItem& item = answered.items[i];
    ASSERT_EQ(item.likelihoods.size(), 4u);
    for (size_t c = 0; c < 4; ++c) {
      EXPECT_NEAR(item.likelihoods[c].log_likelihood, LogLikelihood(bytes, asked[c]), 1e-4);
    }
    EXPECT_EQ(item.item->record, set.items[i].record);
    const ItemScore score = ScoreItem(Benchmark::kArcEasy, set.items[i], item.likelihoods);
    EXPECT_EQ(item.score.right, score.right);
    right += score.right;
    right_normalised += score.right_normalised;
  }
  EXPECT_DOUBLE_EQ(answered.scores.accuracy.value, right / 6);
  EXPECT_DOUBLE_EQ(answered.scores.accuracy_normalised->value, right_normalised / 6);
  EXPECT_EQ(answered.scores.accuracy.count, 6);
}

TEST(AskSet, CountsTheRequestsThatLoseTheirBeginning) {
  ByteModel bytes(24, 2);
  const AnsweredSet answered =
      AskSet(Science(), {}, bytes.model, ByteTokenizer(), [](size_t, size_t) {});
  EXPECT_EQ(answered.items.size(), 9u);
  EXPECT_EQ(answered.truncated, 9 * 4);
}

}  // namespace
}  // namespace upcycle
