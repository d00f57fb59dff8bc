#include "core/tokenizers/regex.h"

#include <gtest/gtest.h>

#include "core/tokenizers/regex_syntax.h"
#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

std::vector<std::string> Matches(std::string_view pattern, std::string_view text) {
  const Regex regex = Regex::FromOniguruma(pattern);
  RegexSearch search(regex, text);
  std::vector<std::string> matches;
  while (search.Next()) {
    matches.emplace_back(text.substr(search.begin(), search.end() - search.begin()));
  }
  return matches;
}

using Strings = std::vector<std::string>;

TEST(Regex, FindsOneMatchBehindTheOther) {
  EXPECT_EQ(Matches(R"( ?\p{L}+|\d{1,3})", "ab cd1234\u00E9"),
            (Strings{"ab", " cd", "123", "4", "\u00E9"}));
}

TEST(Regex, LooksAtWhatStandsAround) {
  EXPECT_EQ(Matches(R"(\s+(?!\S))", "a   b  "), (Strings{"  ", "  "}));
  EXPECT_EQ(Matches(R"((?<=a)b)", "ab bb ab"), (Strings{"b", "b"}));
}

TEST(Regex, AnEmptyMatchThatTouchesTheOneBeforeIsNone) {
  EXPECT_EQ(Matches("x*", "axxb"), (Strings{"", "xx", ""}));
  EXPECT_EQ(Matches("", "\u00E9b"), (Strings{"", "", ""}));
}

TEST(Regex, WhitespaceIsThatOfUnicode) {
  EXPECT_EQ(Matches(R"(\s)", "\u0085\u00A0\u180E\u2003\u200B\u3000").size(), 4u);
  EXPECT_EQ(Matches(R"(\S)", "\u0085\u00A0\u180E\u2003\u200B\u3000").size(), 2u);
  EXPECT_EQ(Matches(R"([\S\n])", " \u180E\n").size(), 2u);
  EXPECT_EQ(Matches(R"([^\s\p{L}])", " a!").size(), 1u);
}

TEST(Regex, KnowsLettersAndDigitsThatAreYoungerThanItsLibrary) {
  // A Han letter of Unicode 15, a Garay digit of 16, a small letter of 16, an emoji of 15.
  EXPECT_EQ(Matches(R"(\p{L}+|\p{Nd}|\p{S})", "\U00031350\U00010D40\uA7DB\U0001FAE8").size(), 4u);
  EXPECT_EQ(Matches(R"(\p{Ll})", "\U00031350\uA7DA\uA7DB"), (Strings{"\uA7DB"}));
}

TEST(Regex, LinesEndAtNewlinesAlone) {
  EXPECT_EQ(Matches(".", "a\nb\r").size(), 3u);
  EXPECT_EQ(Matches("^a", "aa\naa").size(), 2u);
}

TEST(Regex, CaseIsThatOfUnicode) {
  EXPECT_EQ(Matches("(?i:'s|'k)", "'S '\u017F '\u212A 's").size(), 4u);
}

TEST(Regex, BracesThatCountNothingAreThemselves) {
  EXPECT_EQ(Matches("a{,2}b", "aaab"), (Strings{"aab"}));
  EXPECT_EQ(Matches("a{b", "a{b"), (Strings{"a{b"}));
}

TEST(Regex, WordBoundariesAreThoseOfTheReference) {
  EXPECT_EQ(Matches(R"(\b\w+\b)", "caf\u00E9 a_1 9\u00BD \u2154"),
            (Strings{"caf\u00E9", "a_1", "9\u00BD"}));
  EXPECT_EQ(Matches(R"([\w]+)", "9\u00BD \u2154"), (Strings{"9"}));
  EXPECT_EQ(Matches(R"(\d(?=(?:\d{3})*\b))", "\u0661\u2460o"), (Strings{"\u0661"}));
}

TEST(Regex, WhatMeansAnotherThingElsewhereIsRefusedByName) {
  struct Refused {
    const char* pattern;
    const char* name;
  };
  for (const Refused& refused : {Refused{"[a[b]]", "set within a set"},
                                 {"[[:alpha:]]", "set within a set"},
                                 {"[a&&b]", "intersection"},
                                 {R"((a)\1)", R"(\1)"},
                                 {R"(\h)", R"(\h)"},
                                 {R"(\R)", R"(\R)"},
                                 {"(?m:a)", "(?m:"},
                                 {"a(?i)b", "(?i)"},
                                 {"(?<n>a)", "(?<n"},
                                 {"(*FAIL)", "(*"},
                                 {"a{2}+", "repetition of a repetition"},
                                 {"a**", "repetition of a repetition"},
                                 {R"(\xe9)", "\\x"},
                                 {R"(\p{L)", "braces"},
                                 {R"(\pL)", "braces"},
                                 {"[a", "without an end"},
                                 {"a\\", "backslash"},
                                 {R"([\W])", R"(\W in a set)"},
                                 {R"([a-\d])", "range"},
                                 {R"([\d-z])", "range"},
                                 {R"(\p{Klingon})", "cannot be read"},
                                 {"(a", "cannot be read"}}) {
    EXPECT_TRUE(Says(MessageOf([&] { Regex::FromOniguruma(refused.pattern); }), refused.name));
  }
}

TEST(Regex, APatternThatTakesForEverIsRefused) {
  const Regex regex = Regex::FromOniguruma("(?:a+)+$");
  const std::string text = std::string(50, 'a') + "b";
  EXPECT_TRUE(Says(MessageOf([&] { RegexSearch(regex, text).Next(); }), "cannot be searched for"));
}

TEST(Regex, GroupsThatRepeatOverALongTextNeedNoStack) {
  const std::string text(1'000'000, 'a');
  EXPECT_EQ(Matches("(?:a|b)+", text), (Strings{text}));
}

}  // namespace
}  // namespace upcycle
