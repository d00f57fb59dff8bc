#include "experiments/evaluation/text_loss.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/benchmarks/request_plan.h"
#include "core/error.h"
#include "core/utf8.h"
#include "experiments/evaluation/answers.h"

namespace upcycle {
namespace {

std::vector<int32_t> BeginningOf(const Tokenizer& tokenizer) {
  const auto before = tokenizer.TokensBefore();
  if (!before.empty()) return {before.begin(), before.end()};
  if (const auto begin = tokenizer.BeginOfText()) return {*begin};
  return {tokenizer.EndOfText()};  // the one before
}

// The last token of a sequence is scored and not read.
int64_t LongestBlock(const Tokenizer& tokenizer, int64_t sequence_length) {
  return sequence_length + 1 - std::ssize(BeginningOf(tokenizer));
}

std::vector<EncodedChoice> CutIntoBlocks(const std::vector<int32_t>& tokens, int64_t block,
                                         const std::vector<int32_t>& beginning) {
  std::vector<EncodedChoice> blocks;
  const auto size = static_cast<size_t>(block);
  for (size_t at = 0; at < tokens.size(); at += size) {
    const size_t count = std::min(size, tokens.size() - at);
    EncodedPair pair = {beginning, static_cast<int64_t>(count)};
    const auto begin = tokens.begin() + static_cast<std::ptrdiff_t>(at);
    pair.tokens.insert(pair.tokens.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
    blocks.push_back({static_cast<uint32_t>(blocks.size()), 0, std::move(pair)});
  }
  return blocks;
}

// Of a ratio of sums (Cochran, "Sampling Techniques", 1977, 2.11): the deviations of blocks from
// what the ratio would have them be.
double ErrorOfRatio(const RequestPlan& plan, const std::vector<ChoiceLikelihood>& answers,
                    double ratio, double tokens) {
  const auto blocks = static_cast<double>(answers.size());
  if (blocks < 2) return 0;
  double squares = 0;
  for (size_t i = 0; i < answers.size(); ++i) {
    const double expected = ratio * static_cast<double>(plan.requests[i].continuation);
    squares += std::pow(-answers[i].log_likelihood - expected, 2);
  }
  return std::sqrt(squares * blocks / (blocks - 1)) / tokens;
}

}  // namespace

void RequireBlock(int64_t block, const Tokenizer& tokenizer, int64_t sequence_length) {
  const int64_t most = LongestBlock(tokenizer, sequence_length);
  if (block >= 0 && block <= most) return;
  throw Error(Cause::kInput,
              fmt::format("blocks of {} tokens: the model's sequences hold 1 to {}", block, most));
}

TextLoss LossOfText(std::string_view text, int64_t block, Transformer& model,
                    const Tokenizer& tokenizer,
                    const std::function<void(size_t, size_t)>& observe) {
  const int64_t length = model.architecture().model.sequence_length;
  RequireBlock(block, tokenizer, length);
  if (block == 0) block = LongestBlock(tokenizer, length);
  std::vector<int32_t> tokens;
  tokenizer.Encode(text, tokens);
  if (tokens.empty()) throw Error(Cause::kInput, "the text is empty: there is nothing to score");
  const RequestPlan plan =
      PlanRequests(CutIntoBlocks(tokens, block, BeginningOf(tokenizer)),
                   {.sequence_length = length, .batch_positions = model.build().limits.tokens()});
  const auto answers =
      AnswerRequests(plan, model, [&](size_t done) { observe(done, plan.requests.size()); });
  TextLoss loss = {.tokens = std::ssize(tokens),
                   .bytes = std::ssize(text),
                   .characters = static_cast<int64_t>(CountCharacters(text)),
                   .blocks = std::ssize(answers)};
  for (const ChoiceLikelihood& answer : answers) loss.nats -= answer.log_likelihood;
  const auto count = static_cast<double>(loss.tokens);
  loss.standard_error = ErrorOfRatio(plan, answers, loss.nats / count, count);
  return loss;
}

}  // namespace upcycle
