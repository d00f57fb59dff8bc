#include "experiments/run/choice_score.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace upcycle {

double Accuracy::StandardError() const {
  if (count < 2) return 0;
  const double p = Value();
  return std::sqrt(p * (1 - p) / static_cast<double>(count - 1));
}

ChoiceScorer::ChoiceScorer(Transformer& model, const Tokenizer& tokenizer, int64_t sequences,
                           const EvaluateSettings& settings)
    : model_(model), tokenizer_(tokenizer), sequences_(sequences), settings_(settings) {
  const auto size = static_cast<size_t>(sequences * model.architecture().model.sequence_length);
  tokens_.resize(size);
  targets_.resize(size);
  losses_.resize(size);
}

ChoiceScores ChoiceScorer::Score(std::span<const MultipleChoiceItem> items,
                                 std::span<const MultipleChoiceItem> examples) {
  if (settings_.questions > 0) {
    items = items.first(std::min(items.size(), static_cast<size_t>(settings_.questions)));
  }
  examples = examples.first(std::min(examples.size(), static_cast<size_t>(settings_.shots)));
  std::vector<Candidate> candidates;
  std::vector<std::vector<double>> bytes(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    const Prompt prompt = BuildPrompt(items[i], examples, settings_.style);
    for (size_t choice = 0; choice < prompt.continuations.size(); ++choice) {
      const std::string& continuation = prompt.continuations[choice];
      candidates.push_back({i, choice, EncodePair(tokenizer_, prompt.context, continuation)});
      bytes[i].push_back(static_cast<double>(continuation.size()));
    }
  }
  // Sequences of about one length waste little padding.
  std::vector<Candidate*> by_length;
  for (Candidate& candidate : candidates) by_length.push_back(&candidate);
  std::stable_sort(by_length.begin(), by_length.end(), [](const Candidate* a, const Candidate* b) {
    return a->pair.tokens.size() < b->pair.tokens.size();
  });
  for (size_t begin = 0; begin < by_length.size(); begin += static_cast<size_t>(sequences_)) {
    const size_t count = std::min(static_cast<size_t>(sequences_), by_length.size() - begin);
    ScoreBatch(std::span(by_length).subspan(begin, count));
  }

  std::vector<std::vector<double>> likelihood(items.size());
  for (const Candidate& candidate : candidates) {
    likelihood[candidate.item].push_back(candidate.log_likelihood);
  }
  ChoiceScores scores;
  for (size_t i = 0; i < items.size(); ++i) {
    std::vector<double> normalised;
    for (size_t c = 0; c < likelihood[i].size(); ++c)
      normalised.push_back(likelihood[i][c] / bytes[i][c]);
    const auto best = [](const std::vector<double>& values) {
      return static_cast<int>(std::max_element(values.begin(), values.end()) - values.begin());
    };
    scores.accuracy.right += best(likelihood[i]) == items[i].answer;
    scores.accuracy_normalised.right += best(normalised) == items[i].answer;
  }
  scores.accuracy.count = scores.accuracy_normalised.count = static_cast<int64_t>(items.size());
  scores.prompts = static_cast<int64_t>(candidates.size());
  scores.truncated_prompts = std::count_if(
      candidates.begin(), candidates.end(),
      [&](const Candidate& candidate) { return candidate.pair.tokens.size() > LongestPair(); });
  return scores;
}

// Position t predicts token t + 1, so the last token needs no position of its own.
size_t ChoiceScorer::LongestPair() const {
  return static_cast<size_t>(model_.architecture().model.sequence_length) + 1;
}

// Position t predicts token t + 1; only the continuation's tokens are targets.
void ChoiceScorer::ScoreBatch(std::span<Candidate*> batch) {
  const int64_t longest = model_.architecture().model.sequence_length;
  int64_t length = 1;
  for (const Candidate* candidate : batch) {
    length = std::max(length, static_cast<int64_t>(candidate->pair.tokens.size()) - 1);
  }
  length = std::min(length, longest);
  for (size_t row = 0; row < batch.size(); ++row) {
    const std::vector<int32_t>& all = batch[row]->pair.tokens;
    const size_t kept = std::min(all.size(), static_cast<size_t>(length + 1));
    const std::span<const int32_t> tokens = std::span(all).last(kept);
    const size_t scored = std::min(static_cast<size_t>(batch[row]->pair.continuation), kept - 1);
    for (size_t t = 0; t < static_cast<size_t>(length); ++t) {
      const size_t at = row * static_cast<size_t>(length) + t;
      const bool inside = t + 1 < kept;
      tokens_[at] = inside ? tokens[t] : tokenizer_.EndOfText();
      targets_[at] = inside && t + 1 >= kept - scored ? tokens[t + 1] : -1;
    }
  }
  model_.Evaluate({tokens_.data(), targets_.data(), static_cast<int64_t>(batch.size()), length},
                  settings_.capacity_factor, losses_.data());
  for (size_t row = 0; row < batch.size(); ++row) {
    for (int64_t t = 0; t < length; ++t) {
      batch[row]->log_likelihood -=
          losses_[row * static_cast<size_t>(length) + static_cast<size_t>(t)];
    }
  }
}

}  // namespace upcycle
