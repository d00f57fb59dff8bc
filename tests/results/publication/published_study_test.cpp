#include "results/publication/published_study.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(OriginOfPage, ReadsWhatTheFirstLineSays) {
  const auto plain = OriginOfPage("<!-- upcycle publish books -->\n# books\n");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->study, "books");
  EXPECT_FALSE(plain->allow_incomplete);
  const auto partial = OriginOfPage("<!-- upcycle publish books --allow-incomplete -->\n");
  ASSERT_TRUE(partial.has_value());
  EXPECT_TRUE(partial->allow_incomplete);
}

TEST(OriginOfPage, TakesNoOtherPageForOne) {
  for (const char* page :
       {"", "# books\n", "<!-- upcycle export books -->\n", "<!-- upcycle publish -->\n",
        "<!-- upcycle publish books --rot13 -->\n", "<!-- upcycle publish books",
        "x\n<!-- upcycle publish books -->\n", "<!-- upcycle publish 'books -->\n"}) {
    EXPECT_FALSE(OriginOfPage(page).has_value()) << page;
  }
}

TEST(PublishedNames, AreEachThereOnce) {
  std::vector<std::string> names = PublishedNames();
  EXPECT_TRUE(std::ranges::find(names, kPublishedPage) != names.end());
  std::ranges::sort(names);
  EXPECT_TRUE(std::ranges::adjacent_find(names) == names.end());
}

}  // namespace
}  // namespace upcycle
