#include "core/tokenizers/text_stream.h"

#include <span>
#include <string_view>

#include "core/tokenizers/unicode.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

// In tokens: a character has at most four bytes, and what is still none then never becomes one.
constexpr size_t kLongestWait = 4;

// Whether the last character of the text cannot change any more.
bool IsComplete(std::string_view text) {
  return ValidUtf8Prefix(text) == text.size() && !text.ends_with(kReplacementCharacter);
}

}  // namespace

// Tokenizers strip what stands at the beginning of a text, so new text is found as the difference
// that a token makes behind those before it.
std::string TextStream::TakeNew(const std::string& text) {
  const std::string given = tokenizer_.Decode(std::span(tokens_).first(given_tokens_));
  std::string added = text.starts_with(given)
                          ? text.substr(given.size())
                          : tokenizer_.Decode(std::span(tokens_).subspan(given_tokens_));
  if (!added.empty()) {
    tokens_.erase(tokens_.begin(), tokens_.begin() + static_cast<ptrdiff_t>(given_tokens_));
  }
  given_tokens_ = tokens_.size();
  return added;
}

std::string TextStream::Add(int32_t token) {
  tokens_.push_back(token);
  const std::string text = tokenizer_.Decode(tokens_);
  const bool waits = !IsComplete(text) && tokens_.size() - given_tokens_ < kLongestWait;
  return waits ? "" : TakeNew(text);
}

std::string TextStream::Finish() {
  std::string rest = TakeNew(tokenizer_.Decode(tokens_));
  tokens_.clear();
  given_tokens_ = 0;
  return rest;
}

}  // namespace upcycle
