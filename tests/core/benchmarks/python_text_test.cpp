#include "core/benchmarks/python_text.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(PythonText, StripsTheSpaceOfUnicode) {
  EXPECT_EQ(Strip("\u3000 a b\u00a0\x1f\n"), "a b");
  EXPECT_EQ(StripLeft("\t\u2028a "), "a ");
  EXPECT_EQ(StripRight(" a\u0085\r"), " a");
  EXPECT_EQ(Strip("\u2009\u205f"), "");
}

TEST(PythonText, LeavesWhatIsNoSpace) {
  EXPECT_EQ(Strip("\u200ba\ufeff"), "\u200ba\ufeff");  // zero width: Python does not strip these
  EXPECT_EQ(Strip("\xa0"), "\xa0");                    // a byte that is not UTF-8
  EXPECT_EQ(Strip("é"), "é");
}

TEST(PythonText, ReplacesFromTheLeftWithoutOverlap) {
  EXPECT_EQ(Replace("a   b", "  ", " "), "a  b");
  EXPECT_EQ(Replace("    ", "  ", " "), "  ");
  EXPECT_EQ(Replace("a.b.", ".", ". "), "a. b. ");
  EXPECT_EQ(Replace("", "x", "y"), "");
}

TEST(PythonText, CapitalizesTheFirstAndLowersTheRest) {
  EXPECT_EQ(Capitalize("the man and Jim"), "The man and jim");
  EXPECT_EQ(Capitalize("éLAN ΑΒ"), "Élan αβ");
  EXPECT_EQ(Capitalize("50 Cakes"), "50 cakes");
  EXPECT_EQ(Capitalize(""), "");
}

}  // namespace
}  // namespace upcycle
