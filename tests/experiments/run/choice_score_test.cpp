#include "experiments/run/choice_score.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/experiments/run/byte_model.h"

namespace upcycle {
namespace {

using Items = std::vector<MultipleChoiceItem>;

// Choices of unlike lengths, so that the two accuracies differ.
Items SomeItems(int count) {
  Items items;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(7 * i % 10);
    items.push_back({"Who owns farm " + n + "?", {"Ann", "Bo" + n, "Cy Long" + n, "Di"}, i % 4});
  }
  return items;
}

// The sum over the continuation of the losses of a pair of which the last `kept` tokens are seen.
double LogLikelihood(ByteModel& bytes, const std::string& context, const std::string& continuation,
                     size_t kept) {
  std::vector<int32_t> tokens = ByteTokenizer().Encode(context + continuation);
  if (tokens.size() > kept) tokens.erase(tokens.begin(), tokens.end() - static_cast<long>(kept));
  const std::vector<double> losses = bytes.TokenLosses(tokens);
  return -std::accumulate(losses.end() - static_cast<long>(continuation.size()), losses.end(), 0.0);
}

// The two accuracies by brute force: one pass for each choice.
std::pair<int64_t, int64_t> CountRight(ByteModel& bytes, const Items& items, const Items& examples,
                                       size_t kept) {
  std::pair<int64_t, int64_t> right = {0, 0};
  for (const MultipleChoiceItem& item : items) {
    const Prompt prompt = BuildPrompt(item, examples, ChoiceStyle::kCloze);
    std::vector<double> sums, means;
    for (const std::string& text : prompt.continuations) {
      sums.push_back(LogLikelihood(bytes, prompt.context, text, kept));
      means.push_back(sums.back() / static_cast<double>(text.size()));
    }
    const auto best = [](const auto& v) {
      return std::max_element(v.begin(), v.end()) - v.begin();
    };
    right.first += best(sums) == item.answer;
    right.second += best(means) == item.answer;
  }
  return right;
}

TEST(ChoiceScorer, AgreesWithOneDoublePrecisionPassForEachChoice) {
  ByteModel bytes(64, 6);
  const ByteTokenizer tokenizer;
  const Items items = SomeItems(30);
  ChoiceScorer scorer(bytes.model, tokenizer, 6, {});
  const ChoiceScores scores = scorer.Score(items, {});
  const auto [right, right_normalised] = CountRight(bytes, items, {}, 65);
  EXPECT_EQ(scores.accuracy.count, 30);
  EXPECT_EQ(scores.accuracy.right, right);
  EXPECT_EQ(scores.accuracy_normalised.right, right_normalised);
  EXPECT_NE(right, right_normalised);  // else the choices tell the two apart nowhere
}

TEST(ChoiceScorer, CutsTheBeginningOfAPromptThatIsTooLong) {
  ByteModel bytes(24, 4);
  const ByteTokenizer tokenizer;
  const Items items = SomeItems(20), examples = SomeItems(2);
  ChoiceScorer scorer(bytes.model, tokenizer, 4, {.shots = 2});
  const ChoiceScores scores = scorer.Score(items, examples);
  const auto [right, right_normalised] = CountRight(bytes, items, examples, 25);
  EXPECT_EQ(scores.prompts, 80);
  EXPECT_EQ(scores.truncated_prompts, 80);
  EXPECT_EQ(scores.accuracy.right, right);
  EXPECT_EQ(scores.accuracy_normalised.right, right_normalised);
}

TEST(ChoiceScorer, CountsThePromptsThatLoseTheirBeginning) {
  // "Question: ?\nAnswer:" and " a": 21 tokens; one more for " bc".
  const Items items = {{"?", {"a", "bc", "d", "e"}, 0}};
  const ByteTokenizer tokenizer;
  for (const auto& [length, truncated] : std::map<int64_t, int64_t>{{21, 0}, {20, 1}, {19, 4}}) {
    ByteModel bytes(length, 4);
    const ChoiceScores scores = ChoiceScorer(bytes.model, tokenizer, 4, {}).Score(items, {});
    EXPECT_EQ(scores.prompts, 4);
    EXPECT_EQ(scores.truncated_prompts, truncated) << length;
  }
}

TEST(ChoiceScorer, PutsTheFirstExamplesBeforeEachQuestion) {
  ByteModel bytes(160, 4);
  const ByteTokenizer tokenizer;
  const Items items = SomeItems(20), examples = SomeItems(3);
  ChoiceScorer scorer(bytes.model, tokenizer, 4, {.shots = 2});
  const ChoiceScores scores = scorer.Score(items, examples);
  const auto [right, _] = CountRight(bytes, items, {examples[0], examples[1]}, 161);
  EXPECT_EQ(scores.accuracy.right, right);
}

TEST(ChoiceScorer, StopsAfterAsManyQuestionsAsAreAskedFor) {
  ByteModel bytes(64, 4);
  const ByteTokenizer tokenizer;
  ChoiceScorer scorer(bytes.model, tokenizer, 4, {.questions = 7});
  EXPECT_EQ(scorer.Score(SomeItems(20), {}).accuracy.count, 7);
}

TEST(Accuracy, HasTheStandardErrorOfAMeanOfZerosAndOnes) {
  // Three of four: variance (3 · 0.25² + 0.75²) / 3 = 0.25, so 0.5 / √4.
  EXPECT_DOUBLE_EQ((Accuracy{3, 4}).StandardError(), 0.25);
  EXPECT_EQ((Accuracy{1, 1}).StandardError(), 0);
}

}  // namespace
}  // namespace upcycle
