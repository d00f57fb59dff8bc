#include "experiments/evaluation/benchmark_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/benchmarks/benchmark_prompt.h"
#include "core/benchmarks/request_plan.h"
#include "experiments/evaluation/answers.h"

namespace upcycle {
namespace {

std::string NameOfSet(const BenchmarkSet& set) {
  const std::string name(NameOf(set.benchmark));
  return set.subject.empty() ? name : fmt::format("{}/{}", name, set.subject);
}

SpecialTokens SpecialTokensOf(const Tokenizer& tokenizer, TextBeginning beginning) {
  SpecialTokens special;
  // The harness takes begin of text for an empty context where there is one, else end of text.
  special.empty_context = tokenizer.BeginOfText();
  if (!special.empty_context && tokenizer.HasEndOfText()) {
    special.empty_context = tokenizer.EndOfText();
  }
  const std::span<const int32_t> before = tokenizer.TokensBefore();
  if (beginning == TextBeginning::kAuto) special.before.assign(before.begin(), before.end());
  if (beginning == TextBeginning::kAlways && tokenizer.BeginOfText()) {
    special.before = {*tokenizer.BeginOfText()};
  }
  return special;
}

std::vector<EncodedChoice> EncodeItems(const BenchmarkSet& set, const BenchmarkSettings& settings,
                                       size_t count, const Tokenizer& tokenizer) {
  const SpecialTokens special = SpecialTokensOf(tokenizer, settings.begin_of_text);
  const auto examples = ChooseExamples(set, count, settings.shots);
  std::vector<EncodedChoice> choices;
  for (size_t i = 0; i < count; ++i) {
    const std::vector<ScoredText> asked = PromptsOf(set, set.items[i], examples[i]);
    for (size_t c = 0; c < asked.size(); ++c) {
      choices.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(c),
                         EncodePair(tokenizer, asked[c].context, asked[c].continuation, special)});
    }
  }
  return choices;
}

}  // namespace

AnsweredSet AskSet(const BenchmarkSet& set, const BenchmarkSettings& settings, Transformer& model,
                   const Tokenizer& tokenizer, const std::function<void(size_t, size_t)>& observe) {
  size_t count = set.items.size();
  if (settings.items > 0) count = std::min(count, static_cast<size_t>(settings.items));
  const RequestPlan plan =
      PlanRequests(EncodeItems(set, settings, count, tokenizer),
                   {.sequence_length = model.architecture().model.sequence_length,
                    .batch_positions = model.build().limits.tokens()});
  const std::vector<ChoiceLikelihood> answers =
      AnswerRequests(plan, model, [&](size_t done) { observe(done, plan.requests.size()); });

  AnsweredSet answered = {.name = NameOfSet(set), .items = {}, .scores = {}};
  answered.truncated = plan.truncated;
  answered.items.resize(count);
  for (size_t i = 0; i < plan.requests.size(); ++i) {
    const Request& request = plan.requests[i];
    auto& likelihoods = answered.items[request.item].likelihoods;
    likelihoods.resize(std::max<size_t>(likelihoods.size(), request.choice + 1));
    likelihoods[request.choice] = answers[i];
  }
  std::vector<ItemScore> scores;
  for (size_t i = 0; i < count; ++i) {
    AnsweredItem& item = answered.items[i];
    item.item = &set.items[i];
    item.score = ScoreItem(set.benchmark, set.items[i], item.likelihoods);
    scores.push_back(item.score);
  }
  answered.scores = Summarise(set.benchmark, scores);
  return answered;
}

}  // namespace upcycle
