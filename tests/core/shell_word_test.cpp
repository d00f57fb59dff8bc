#include "core/shell_word.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

using Words = std::vector<std::string>;

TEST(ShellWord, IsReadBackAsItWas) {
  for (const char* text :
       {"plain", "", "two words", "it's", "$HOME `x` \"y\" \\n", "a\tb", "-->"}) {
    EXPECT_EQ(WordsOfShellLine("do " + ShellWord(text) + " it"), (Words{"do", text, "it"})) << text;
  }
}

TEST(ShellLine, IsCutAsAShellCutsIt) {
  EXPECT_EQ(WordsOfShellLine("  a  'b c'\"d e\"\\ f\t''"), (Words{"a", "b cd e f", ""}));
  EXPECT_EQ(WordsOfShellLine("\"a\\\"b\\c\" 'x\\'"), (Words{"a\"b\\c", "x\\"}));
  EXPECT_EQ(WordsOfShellLine(" \n"), Words{});
}

TEST(ShellLine, IsNoneWhereAQuoteStaysOpen) {
  EXPECT_FALSE(WordsOfShellLine("a 'b").has_value());
  EXPECT_FALSE(WordsOfShellLine("a \"b\\\"").has_value());
}

}  // namespace
}  // namespace upcycle
