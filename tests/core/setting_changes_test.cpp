#include "core/setting_changes.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

using nlohmann::json;

std::vector<std::string> Lines(const char* was, const char* is) {
  std::vector<std::string> lines;
  for (const auto& change : ChangesBetween(json::parse(was), json::parse(is))) {
    lines.push_back(TextOf(change));
  }
  return lines;
}

using Strings = std::vector<std::string>;

TEST(SettingChanges, AreNamedByTheirPaths) {
  EXPECT_EQ(Lines(R"({"train": {"tokens": 1, "rate": {"peak": 0.1}}, "seed": 3})",
                  R"({"train": {"tokens": 2, "rate": {"peak": 0.2}}, "seed": 3})"),
            (Strings{"train.rate.peak was 0.1, is 0.2", "train.tokens was 1, is 2"}));
  EXPECT_EQ(Lines("{\"a\": 1}", "{\"a\": 1}"), Strings());
}

TEST(SettingChanges, TellWhatWasAddedAndTakenAway) {
  EXPECT_EQ(
      Lines(R"({"moe": {"top_k": 2}})", R"({"blend": {"web": 1.0}})"),
      (Strings{"blend was not there, is {\"web\":1.0}", "moe was {\"top_k\":2}, is not there"}));
}

TEST(SettingChanges, GoIntoListsOfOneLength) {
  EXPECT_EQ(Lines(R"({"train": [{"kind": "atlas"}, 1]})", R"({"train": [{"kind": "text"}, 1]})"),
            Strings{"train.0.kind was atlas, is text"});
  EXPECT_EQ(Lines(R"({"train": [1]})", R"({"train": [1, 2]})"), Strings{"train was [1], is [1,2]"});
}

}  // namespace
}  // namespace upcycle
