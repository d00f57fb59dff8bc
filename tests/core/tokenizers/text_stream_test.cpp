#include "core/tokenizers/text_stream.h"

#include <gtest/gtest.h>

#include "core/tokenizers/byte_tokenizer.h"

namespace upcycle {
namespace {

const fs::path kCases = UPCYCLE_TOKENIZER_CASES;

std::vector<std::string> Given(const Tokenizer& tokenizer, const std::vector<int32_t>& tokens) {
  TextStream stream(tokenizer);
  std::vector<std::string> given;
  for (const int32_t token : tokens) given.push_back(stream.Add(token));
  given.push_back(stream.Finish());
  return given;
}

using Strings = std::vector<std::string>;

TEST(TextStream, ACharacterComesWhenItIsWhole) {
  const ByteTokenizer bytes;
  EXPECT_EQ(Given(bytes, bytes.Encode("a\u00E9\U0001F600b")),
            (Strings{"a", "", "\u00E9", "", "", "", "\U0001F600", "b", ""}));
}

TEST(TextStream, SpecialTokensGiveNothing) {
  EXPECT_EQ(Given(ByteTokenizer(), {256, 97, 256, 98}), (Strings{"", "a", "", "b", ""}));
}

TEST(TextStream, AnIncompleteCharacterComesAtTheEnd) {
  EXPECT_EQ(Given(ByteTokenizer(), {97, 0xE2, 0x96}), (Strings{"a", "", "", "\xE2\x96"}));
}

TEST(TextStream, BytesThatAreNoCharacterDoNotWaitForEver) {
  const Strings given = Given(ByteTokenizer(), std::vector<int32_t>(100, 0x80));
  std::string text;
  for (const std::string& part : given) text += part;
  EXPECT_EQ(text, std::string(100, '\x80'));
  EXPECT_NE(given[3], "");
}

TEST(TextStream, TheSpaceBeforeATextIsDroppedOnce) {
  const auto tokenizer = Tokenizer::Load(kCases / "llama2");
  const std::string text = "the \u4F60\u597D river";
  std::string given;
  for (const std::string& part : Given(*tokenizer, tokenizer->EncodeWhole(text))) given += part;
  EXPECT_EQ(given, text);
}

}  // namespace
}  // namespace upcycle
