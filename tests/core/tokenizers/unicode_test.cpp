#include "core/tokenizers/unicode.h"

#include <gtest/gtest.h>

#include "core/utf8.h"

namespace upcycle {
namespace {

TEST(Unicode, ComposesAndDecomposes) {
  const std::string text = "caf\u00E9 o\u0308\u0323 \u212B \uFB01\u00BD";
  EXPECT_EQ(Normalized(text, NormalForm::kComposed), "caf\u00E9 \u1ECD\u0308 \u00C5 \uFB01\u00BD");
  EXPECT_EQ(Normalized(text, NormalForm::kDecomposed),
            "cafe\u0301 o\u0323\u0308 A\u030A \uFB01\u00BD");
  EXPECT_EQ(Normalized(text, NormalForm::kCompatibleComposed),
            "caf\u00E9 \u1ECD\u0308 \u00C5 fi1\u20442");
  EXPECT_EQ(Normalized(text, NormalForm::kCompatibleDecomposed),
            "cafe\u0301 o\u0323\u0308 A\u030A fi1\u20442");
}

TEST(Unicode, AnAccentJoinsTheAsciiLetterBeforeIt) {
  EXPECT_EQ(Normalized("ee\u0301", NormalForm::kComposed), "e\u00E9");
  EXPECT_EQ(Normalized("e\u0301e", NormalForm::kComposed), "\u00E9e");
  EXPECT_EQ(Normalized("\u0301e", NormalForm::kComposed), "\u0301e");
}

TEST(Unicode, AsciiIsInEveryNormalForm) {
  std::string ascii;
  for (char c = 0; c >= 0; ++c) {
    ascii += c;
    if (c == 0x7F) break;
  }
  for (const NormalForm form :
       {NormalForm::kComposed, NormalForm::kDecomposed, NormalForm::kCompatibleComposed,
        NormalForm::kCompatibleDecomposed}) {
    EXPECT_EQ(Normalized(ascii, form), ascii);
  }
}

TEST(Unicode, LowercasesCharacterByCharacter) {
  EXPECT_EQ(Lowercased("\u00DCBER \u03A3\u03A3 A1"), "\u00FCber \u03C3\u03C3 a1");
  EXPECT_EQ(Lowercased("\u0130"), "i\u0307");
}

TEST(Unicode, KnowsTheKindsOfCharacters) {
  for (const uint32_t space : {0x09u, 0x20u, 0x85u, 0xA0u, 0x3000u}) {
    EXPECT_TRUE(IsWhitespace(space)) << space;
  }
  for (const uint32_t other : {0x08u, 0x0Eu, 0x180Eu, 0x200Bu, 0xFEFFu}) {
    EXPECT_FALSE(IsWhitespace(other)) << other;
  }
  for (const uint32_t number : {0x30u, 0xB2u, 0x2167u, 0x0664u}) EXPECT_TRUE(IsNumber(number));
  EXPECT_FALSE(IsNumber('a'));
  for (const uint32_t mark : {0x21u, 0x24u, 0x2Bu, 0x7Eu, 0x3002u})
    EXPECT_TRUE(IsPunctuation(mark));
  for (const uint32_t other : {0x61u, 0x20u, 0x20ACu}) EXPECT_FALSE(IsPunctuation(other));
}

TEST(Unicode, WritesWhatItReads) {
  for (const uint32_t c : {0x00u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string text;
    AppendUtf8(c, text);
    EXPECT_EQ(DecodeCharacter(text).code_point, c);
    EXPECT_EQ(DecodeCharacter(text).bytes, text.size());
  }
}

TEST(Unicode, ReplacesEachLongestBeginningOfACharacter) {
  const std::string r = "\uFFFD";
  EXPECT_EQ(ReplaceInvalidUtf8("a\xC3(b"), "a" + r + "(b");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE2\x96 \xF0\x9F\x98 "), r + " " + r + " ");
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0\x80"), r + r + r);  // a surrogate
  EXPECT_EQ(ReplaceInvalidUtf8("\xC0\x80\xF5\x80"), r + r + r + r);
  EXPECT_EQ(ReplaceInvalidUtf8("\xF0\x80\x80\x41"), r + r + r + "A");  // overlong
  EXPECT_EQ(ReplaceInvalidUtf8("\xF4\x90\x80"), r + r + r);            // above U+10FFFF
  EXPECT_EQ(ReplaceInvalidUtf8("\xF0\x9F\x98"), r);
  EXPECT_EQ(ReplaceInvalidUtf8("\u00E9\U0001F600"), "\u00E9\U0001F600");
}

}  // namespace
}  // namespace upcycle
