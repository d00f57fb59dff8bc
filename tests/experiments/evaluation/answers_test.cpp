#include "experiments/evaluation/answers.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/experiments/run/byte_model.h"

namespace upcycle {
namespace {

using Tokens = std::vector<int32_t>;

Tokens SomeTokens(size_t count, uint64_t number) {
  const RandomStream stream(7, "tokens", number);
  Tokens tokens;
  for (size_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>(stream.Below(i, 256)));
  return tokens;
}

Tokens Joined(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Items of one to four choices behind contexts of unlike lengths; all begin with `common`.
std::vector<EncodedChoice> SomeChoices(size_t common, uint32_t items) {
  const Tokens beginning = SomeTokens(common, 999);
  std::vector<EncodedChoice> choices;
  for (uint32_t item = 0; item < items; ++item) {
    const Tokens context = Joined(beginning, SomeTokens(1 + item * 5 % 23, item));
    for (uint32_t choice = 0; choice <= item % 4; ++choice) {
      const Tokens behind = SomeTokens(1 + (item + choice) % 6, 100 * item + choice + 5);
      choices.push_back(
          {item, choice, {Joined(context, behind), static_cast<int64_t>(behind.size())}});
    }
  }
  return choices;
}

// Computed as a whole, without anything kept, in double precision.
double LogLikelihood(ByteModel& bytes, const Request& request) {
  const std::vector<double> losses = bytes.TokenLosses(request.tokens);
  return -std::accumulate(losses.end() - request.continuation, losses.end(), 0.0);
}

void ExpectAnswers(int64_t sequences, size_t common) {
  ByteModel bytes(48, sequences);
  const RequestPlan plan = PlanRequests(SomeChoices(common, 20),
                                        {.sequence_length = 48, .batch_positions = 48 * sequences});
  size_t told = 0;
  const auto answers = AnswerRequests(plan, bytes.model, [&](size_t done) {
    EXPECT_GT(done, told);
    told = done;
  });
  EXPECT_EQ(told, plan.requests.size());
  ASSERT_EQ(answers.size(), plan.requests.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_NEAR(answers[i].log_likelihood, LogLikelihood(bytes, plan.requests[i]), 2e-5)
        << "request " << i << " of " << sequences << " sequences, " << common << " common";
  }
}

TEST(AnswerRequests, AgreesWithOneDoublePrecisionPassForEachRequest) {
  for (const int64_t sequences : {1, 3, 16}) {
    for (const size_t common : {0, 1, 19}) ExpectAnswers(sequences, common);
  }
}

TEST(AnswerRequests, TakesRequestsThatFillTheModelsSequence) {
  ByteModel bytes(16, 2);
  std::vector<EncodedChoice> choices = {{0, 0, {SomeTokens(17, 1), 16}},
                                        {1, 0, {SomeTokens(40, 2), 3}},
                                        {2, 0, {SomeTokens(2, 3), 1}}};
  const RequestPlan plan =
      PlanRequests(std::move(choices), {.sequence_length = 16, .batch_positions = 32});
  const auto answers = AnswerRequests(plan, bytes.model, [](size_t) {});
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_NEAR(answers[i].log_likelihood, LogLikelihood(bytes, plan.requests[i]), 2e-5) << i;
  }
}

TEST(AnswerRequests, CallsGreedyWhatNoOtherContinuationBeats) {
  ByteModel bytes(16, 8);
  const auto vocabulary = static_cast<uint32_t>(bytes.model.architecture().vocabulary);
  std::vector<EncodedChoice> choices;
  for (uint32_t token = 0; token < vocabulary; ++token) {
    choices.push_back({0, token, {{3, 1, 4, static_cast<int32_t>(token)}, 1}});
  }
  const RequestPlan plan =
      PlanRequests(std::move(choices), {.sequence_length = 16, .batch_positions = 128});
  const auto answers = AnswerRequests(plan, bytes.model, [](size_t) {});
  const auto likelier = [](const auto& a, const auto& b) {
    return a.log_likelihood < b.log_likelihood;
  };
  const auto best = std::max_element(answers.begin(), answers.end(), likelier);
  EXPECT_TRUE(best->greedy);
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& answer) { return answer.greedy; }), 1);
}

TEST(AnswerRequests, HasNothingToSayOfNoRequests) {
  ByteModel bytes(16, 1);
  EXPECT_TRUE(AnswerRequests({}, bytes.model, [](size_t) { FAIL(); }).empty());
}

}  // namespace
}  // namespace upcycle
