#include "core/recipe/diagnostics.h"

#include <string>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"

namespace upcycle {
namespace {

const SourceText kFirst{"a.yaml", "one: 1\n\ttwo: zwei\nthree: 3\n", "/", 0, false};
const SourceText kSecond{"b.yaml", "four: 4", "/", 1, false};
const SourceText kOverride{"--set a=1", "1", "/", 2, true};

TEST(Diagnostics, AreSortedByPlace) {
  Diagnostics diagnostics;
  diagnostics.Error({&kOverride, 1, 1}, "e");
  diagnostics.Error({&kSecond, 1, 1}, "d");
  diagnostics.Error({&kFirst, 3, 8}, "c");
  diagnostics.Warning({&kFirst, 3, 1}, "b");
  diagnostics.Error({&kFirst, 1, 6}, "a");
  std::string order;
  for (const Diagnostic& diagnostic : diagnostics.Sorted()) order += diagnostic.message;
  EXPECT_EQ(order, "abcde");
}

TEST(Diagnostics, ShowLineCaretExpectedAndSuggestion) {
  Diagnostics diagnostics;
  diagnostics.Error({&kFirst, 2, 7}, "two cannot be \"zwei\"", "a number", "2");
  EXPECT_EQ(diagnostics.Text(),
            "a.yaml:2:7: error: two cannot be \"zwei\"\n"
            "  \ttwo: zwei\n"
            "  \t     ^\n"
            "  expected a number\n"
            "  did you mean \"2\"?\n");
}

TEST(Diagnostics, ShowAnOverrideWithoutLines) {
  Diagnostics diagnostics;
  diagnostics.Error({&kOverride, 1, 1}, "no");
  EXPECT_EQ(diagnostics.Text(), "--set a=1: error: no\n");
}

TEST(Diagnostics, ShowThePartOfALongLineAroundTheCaret) {
  const SourceText source{"a.yaml", std::string(300, 'x') + "Y" + std::string(300, 'z'), "/", 0,
                          false};
  const std::string text = TextOf({Severity::kError, {&source, 1, 301}, "here"});
  EXPECT_EQ(text, "a.yaml:1:301: error: here\n  …" + std::string(60, 'x') + "Y" +
                      std::string(35, 'z') + "…\n   " + std::string(60, ' ') + "^\n");
}

TEST(Diagnostics, PutTheCaretUnderCharactersNotBytes) {
  const SourceText source{"a.yaml", "é: ü", "/", 0, false};
  EXPECT_EQ(TextOf({Severity::kError, {&source, 1, 4}, "here"}),
            "a.yaml:1:4: error: here\n  é: ü\n     ^\n");
}

TEST(Diagnostics, HoldWhatTerminalsObeyAwayFromThem) {
  Diagnostics diagnostics;
  diagnostics.Error({&kOverride, 1, 1}, "\x1b[2J");
  EXPECT_EQ(diagnostics.Text(), "--set a=1: error: ?[2J\n");
}

TEST(Diagnostics, CutEndlessWords) {
  Diagnostics diagnostics;
  diagnostics.Error({&kOverride, 1, 1}, std::string(100000, 'x'));
  EXPECT_EQ(diagnostics.Sorted()[0].message, std::string(1000, 'x') + "…");
}

TEST(Diagnostics, KeepTheSameMistakeOnce) {
  Diagnostics diagnostics;
  diagnostics.Error({&kFirst, 1, 1}, "a");
  diagnostics.Error({&kFirst, 1, 1}, "a");
  diagnostics.Error({&kFirst, 1, 2}, "a");
  EXPECT_EQ(diagnostics.Sorted().size(), 2u);
  EXPECT_EQ(diagnostics.error_calls(), 3);
}

TEST(Diagnostics, SayHowManyAreNotShown) {
  Diagnostics diagnostics;
  for (int i = 0; i < 250; ++i) diagnostics.Error({&kOverride, 1, i + 1}, "a");
  EXPECT_EQ(diagnostics.Sorted().size(), 200u);
  EXPECT_TRUE(diagnostics.Text().ends_with("50 more are not shown\n"));
}

TEST(Diagnostics, ThrowOnlyForErrors) {
  Diagnostics diagnostics;
  diagnostics.Warning({&kFirst, 1, 1}, "a");
  EXPECT_NO_THROW(diagnostics.ThrowIfErrors());
  diagnostics.Error({&kFirst, 1, 6}, "b");
  EXPECT_EQ(MessageOf([&] { diagnostics.ThrowIfErrors(); }),
            "a.yaml:1:1: warning: a\n  one: 1\n  ^\n"
            "a.yaml:1:6: error: b\n  one: 1\n       ^");
}

}  // namespace
}  // namespace upcycle
