#include "results/interchange/safe_names.h"

#include <set>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

using Strings = std::vector<std::string>;

Strings Folders(const Strings& names) { return SafeNames(names, SafeNameKind::kFolder); }
Strings Keys(const Strings& names) { return SafeNames(names, SafeNameKind::kKey); }

TEST(SafeNames, LeaveSafeNamesAsTheyAre) {
  const Strings names = {"dense", "E8T2", "moe.top_k=1,2", "a-b"};
  EXPECT_EQ(Folders(names), names);
  const Strings keys = {"train/loss", "validation/loss", "loss"};
  EXPECT_EQ(Keys(keys), keys);
}

TEST(SafeNames, AreAllDifferentAndEqualInEveryExport) {
  const Strings names = Folders({"a b", "a_b", "a/b", "a\nb"});
  EXPECT_EQ(names[1], "a_b");
  EXPECT_EQ(names[0].substr(0, 4), "a_b-");
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 4U);
  EXPECT_EQ(Folders({"a b"})[0], names[0]);
  // Somebody may have chosen what another name would become.
  const Strings taken = Folders({"a b", names[0]});
  EXPECT_EQ(taken[1], names[0]);
  EXPECT_NE(taken[0], names[0]);
}

TEST(SafeNames, NeverLeaveTheirFolder) {
  for (const std::string& name : Keys({"../../x", "/etc/passwd", "a//b", "a/../b", ".", "", "a/",
                                       ".hidden/x", "~/x", "a\\b"})) {
    EXPECT_EQ(("/" + name + "/").find("/."), std::string::npos) << name;
    EXPECT_EQ(("/" + name + "/").find("//"), std::string::npos) << name;
    EXPECT_EQ(name.find_first_of("~\\"), std::string::npos) << name;
  }
  EXPECT_EQ(Folders({"a/b"})[0].find('/'), std::string::npos);
  EXPECT_EQ(Folders({std::string(1000, 'x')})[0].size(), 200U);
}

TEST(SafeNames, MakeNoKeyTheFolderOfAnother) {
  const Strings keys = Keys({"mmlu", "mmlu/physics"});
  EXPECT_EQ(keys[0].substr(0, 5), "mmlu-");
  EXPECT_EQ(keys[1], "mmlu/physics");
}

}  // namespace
}  // namespace upcycle
