// Encodes and decodes texts with a tokenizer of ours, for tokenizer_agreement.py to compare:
//
//   tokenizer_agreement TOKENIZER TEXTS TOKENS
//
// TEXTS: uint32 count, and for each text uint32 bytes and the bytes. TOKENS, which is written: for
// each text uint32 count and int32 tokens, then for each text uint32 bytes and its decoding; all
// little-endian. Prints the processor's seconds of one thread that encoding took, the fastest of
// three times, and how many texts have other tokens when they are encoded in parts that CutAfter
// allows.
#include <algorithm>
#include <cstring>
#include <ctime>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {
namespace {

using Tokens = std::vector<int32_t>;

double ThreadSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

uint32_t TakeCount(std::string_view& rest) {
  uint32_t count = 0;
  if (rest.size() < sizeof(count)) throw Error(Cause::kInput, "the file of texts is truncated");
  std::memcpy(&count, rest.data(), sizeof(count));
  rest.remove_prefix(sizeof(count));
  return count;
}

std::vector<std::string_view> ReadTexts(std::string_view file) {
  std::vector<std::string_view> texts(TakeCount(file));
  for (std::string_view& text : texts) {
    const size_t bytes = TakeCount(file);
    text = file.substr(0, bytes);
    file.remove_prefix(text.size());
  }
  return texts;
}

template <typename T>
void Append(std::span<const T> values, std::string& file) {
  const auto count = static_cast<uint32_t>(values.size());
  file.append(reinterpret_cast<const char*>(&count), sizeof(count));
  file.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

Tokens EncodeInParts(const Tokenizer& tokenizer, std::string_view text) {
  constexpr size_t kLeastBytes = 200;
  Tokens tokens;
  while (!text.empty()) {
    const size_t cut = tokenizer.CutAfter(text, kLeastBytes);
    tokenizer.Encode(text.substr(0, cut), tokens);
    text.remove_prefix(cut);
  }
  return tokens;
}

void Run(const char* path, const char* texts_path, const char* tokens_path) {
  const auto tokenizer = Tokenizer::Load(path);
  const std::string file = ReadTextFile(texts_path);
  const std::vector<std::string_view> texts = ReadTexts(file);
  std::vector<Tokens> tokens;
  double seconds = std::numeric_limits<double>::infinity();
  for (int round = 0; round < 3; ++round) {
    tokens.assign(texts.size(), {});
    const double begin = ThreadSeconds();
    for (size_t i = 0; i < texts.size(); ++i) tokenizer->Encode(texts[i], tokens[i]);
    seconds = std::min(seconds, ThreadSeconds() - begin);
  }
  std::string written;
  size_t differ_in_parts = 0;
  for (const Tokens& of_text : tokens) Append(std::span(of_text), written);
  for (size_t i = 0; i < texts.size(); ++i) {
    Append(std::span<const char>(tokenizer->Decode(tokens[i])), written);
    differ_in_parts += EncodeInParts(*tokenizer, texts[i]) != tokens[i];
  }
  WriteFileAtomically(tokens_path, written);
  fmt::print("{} {}\n", seconds, differ_in_parts);
}

}  // namespace
}  // namespace upcycle

int main(int count, char** arguments) {
  if (count != 4) {
    fmt::print(stderr, "usage: tokenizer_agreement TOKENIZER TEXTS TOKENS\n");
    return 2;
  }
  try {
    upcycle::Run(arguments[1], arguments[2], arguments[3]);
  } catch (const upcycle::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
