#include "tools/serve/query_string.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(QueryString, DecodesParameters) {
  const auto target = ParseTarget("/api/curves?study=a%20b%2Fc&arm=x+y&arm=%C3%A9&empty=");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/api/curves");
  EXPECT_EQ(target->Only("study"), "a b/c");
  EXPECT_EQ(target->parameters.at("arm"), (std::vector<std::string>{"x y", "é"}));
  EXPECT_EQ(target->Only("empty"), "");
  EXPECT_FALSE(target->Only("arm").has_value());
  EXPECT_FALSE(target->Only("none").has_value());
}

TEST(QueryString, RefusesWhatIsNone) {
  for (const char* target : {"/?a", "/?a=%", "/?a=%4", "/?a=%zz", "/?a=%ff", "/?%c3=1", "/?&"}) {
    EXPECT_FALSE(ParseTarget(target).has_value()) << target;
  }
}

TEST(QueryString, LeavesPathsAsTheyAre) {
  for (const char* path : {"/", "/..%2f..", "//evil", "*", "http://evil/", ""}) {
    ASSERT_TRUE(ParseTarget(path).has_value()) << path;
    EXPECT_EQ(ParseTarget(path)->path, path);
  }
  EXPECT_EQ(ParseTarget("/?")->path, "/");
}

}  // namespace
}  // namespace upcycle
