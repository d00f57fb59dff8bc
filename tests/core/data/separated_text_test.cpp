#include "core/data/separated_text.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

std::vector<std::string> Read(std::string_view text) {
  std::vector<std::string> documents;
  SeparatedText("<end>").Visit("a.txt", text,
                               [&](std::string_view d) { documents.emplace_back(d); });
  return documents;
}

TEST(SeparatedText, ASeparatorOnALineOfItsOwnEndsADocument) {
  EXPECT_EQ(Read("one\n<end>\ntwo\ntwo\n<end>\n"),
            (std::vector<std::string>{"one\n", "two\ntwo\n"}));
  EXPECT_EQ(Read("one\r\n<end>\r\ntwo"), (std::vector<std::string>{"one\r\n", "two"}));
}

TEST(SeparatedText, ASeparatorWithinALineIsText) {
  EXPECT_EQ(Read("one <end>\n <end>\n"), std::vector<std::string>{"one <end>\n <end>\n"});
}

TEST(SeparatedText, NothingBetweenTwoSeparatorsIsNoDocument) {
  EXPECT_EQ(Read("<end>\n<end>\none\n<end>"), std::vector<std::string>{"one\n"});
}

TEST(SeparatedText, WhatIsNotUtf8IsRefusedWithItsPlace) {
  EXPECT_TRUE(Says(MessageOf([] { Read("one\n<end>\n\xFF\n"); }), "a.txt:3: not UTF-8"));
}

}  // namespace
}  // namespace upcycle
