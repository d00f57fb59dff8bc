#include "core/utf8.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(Utf8, DecodesCharactersOfEveryLength) {
  EXPECT_EQ(DecodeCharacter("ab").code_point, 0x61u);
  EXPECT_EQ(DecodeCharacter("\u00E9x").bytes, 2u);
  EXPECT_EQ(DecodeCharacter("\u2581").code_point, 0x2581u);
  EXPECT_EQ(DecodeCharacter("\U0001F600").bytes, 4u);
  EXPECT_EQ(DecodeCharacter("\U0010FFFF").code_point, 0x10FFFFu);
}

TEST(Utf8, RefusesWhatUnicodeForbids) {
  for (const char* text : {"\x80", "\xC3", "\xC3(", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                           "\xF4\x90\x80\x80", "\xF0\x9F\x98", "\xFF"}) {
    EXPECT_EQ(DecodeCharacter(text).bytes, 0u);
  }
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(ValidUtf8Prefix("all good \u00E9"), 11u);
  EXPECT_EQ(ValidUtf8Prefix("\u00E9\xE9 bad"), 2u);
  EXPECT_EQ(ValidUtf8Prefix(""), 0u);
}

TEST(Utf8, CountsCharacters) {
  EXPECT_EQ(CountCharacters(""), 0u);
  EXPECT_EQ(CountCharacters("aé€😀"), 4u);
}

TEST(Utf8, FindsWhereACharacterEnds) {
  EXPECT_EQ(BytesOfCharacters("aé€😀", 0), 0u);
  EXPECT_EQ(BytesOfCharacters("aé€😀", 2), 3u);
  EXPECT_EQ(BytesOfCharacters("aé€😀", 4), 10u);
  EXPECT_EQ(BytesOfCharacters("aé€😀", 9), 10u);
}

}  // namespace
}  // namespace upcycle
