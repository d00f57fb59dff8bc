#include "experiments/decoding/generate.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/error.h"

namespace upcycle {
namespace {

// In pieces that the decoder's batches hold.
void Read(Decoder& decoder, std::span<const int32_t> prompt) {
  UPCYCLE_CHECK(!prompt.empty());
  if (static_cast<int64_t>(prompt.size()) > decoder.capacity()) {
    throw Error(Cause::kInput, "the prompt has " + std::to_string(prompt.size()) +
                                   " tokens, and the model's sequences have " +
                                   std::to_string(decoder.capacity()) + "; shorten it");
  }
  for (const int32_t token : prompt) {
    if (token >= 0 && token < decoder.vocabulary()) continue;
    throw Error(Cause::kInput, "the prompt has token " + std::to_string(token) +
                                   ", and the model knows " + std::to_string(decoder.vocabulary()) +
                                   ": the tokenizer is another model's");
  }
  decoder.Truncate(0, 0);
  const auto piece = static_cast<size_t>(decoder.most_tokens());
  for (size_t begin = 0; begin < prompt.size(); begin += piece) {
    const auto some = prompt.subspan(begin, std::min(piece, prompt.size() - begin));
    const auto length = static_cast<int32_t>(some.size());
    decoder.Extend(std::vector<int32_t>{0}, some, std::vector<int32_t>{length});
  }
}

}  // namespace

GenerationEnd Generate(Decoder& decoder, std::span<const int32_t> prompt,
                       const GenerationSettings& settings,
                       const std::function<bool(int32_t)>& take) {
  Sampler sampler(settings.sampling);
  std::vector<float> logits(static_cast<size_t>(decoder.vocabulary()));
  const int64_t known = settings.vocabulary == 0
                            ? decoder.vocabulary()
                            : std::min(settings.vocabulary, decoder.vocabulary());
  const auto allowed = std::span<const float>(logits).first(static_cast<size_t>(known));
  const std::vector<int32_t> slot = {0}, one = {1};
  Read(decoder, prompt);
  for (int64_t tokens = 0; tokens < settings.most_tokens; ++tokens) {
    decoder.LastLogits(0, logits);
    const int32_t next = sampler.Next(allowed, decoder.Length(0));
    if (std::ranges::count(settings.ends, next) > 0) return GenerationEnd::kEndOfText;
    if (!take(next)) return GenerationEnd::kStopped;
    if (tokens + 1 == settings.most_tokens) break;
    if (decoder.Length(0) == decoder.capacity()) return GenerationEnd::kCapacity;
    decoder.Extend(slot, std::vector<int32_t>{next}, one);
  }
  return GenerationEnd::kEnough;
}

}  // namespace upcycle
