#include "experiments/scheduling/log_policies.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

std::optional<Cause> SignIn(const std::string& text) {
  TemporaryFolder folder;
  const auto sign = FindSign(Put(folder / "log.txt", text), 0, BuiltInLogPolicies());
  return sign ? std::optional(sign->cause) : std::nullopt;
}

TEST(LogPolicies, KnowTheLibrariesWords) {
  EXPECT_EQ(SignIn("terminate called after throwing an instance of 'std::bad_alloc'\n"),
            Cause::kMemory);
  EXPECT_EQ(SignIn("write: No space left on device\n"), Cause::kDisk);
  EXPECT_EQ(SignIn("CUDA error: out of memory\n"), Cause::kDeviceMemory);
  EXPECT_EQ(SignIn("NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.\n"),
            Cause::kDevice);
  EXPECT_EQ(SignIn("step 7 loss 2.25\n"), std::nullopt);
  EXPECT_EQ(SignIn(""), std::nullopt);
}

TEST(LogPolicies, LookAtTheLastLinesFirst) {
  EXPECT_EQ(SignIn("out of memory\nno space left on device\nbye"), Cause::kDisk);
  const std::string long_ago = "out of memory\n" + std::string(200'000, 'x') + "\nlast\n";
  EXPECT_EQ(SignIn(long_ago), std::nullopt);
}

TEST(LogPolicies, LeaveEarlierAttemptsOut) {
  TemporaryFolder folder;
  const fs::path log = Put(folder / "log.txt", "out of memory\n");
  EXPECT_FALSE(FindSign(log, 14, BuiltInLogPolicies()).has_value());
  EXPECT_EQ(LastLine(log, 14), "");
  EXPECT_EQ(LastLine(log, 0), "out of memory");
  EXPECT_EQ(LastLine(folder / "none", 0), "");
}

TEST(LogPolicies, SkipEmptyLinesAndCutLongOnes) {
  TemporaryFolder folder;
  EXPECT_EQ(LastLine(Put(folder / "a", "first\nlast\n\n\n"), 0), "last");
  EXPECT_EQ(LastLine(Put(folder / "b", std::string(5000, 'y')), 0).size(), 500u);
}

TEST(LogPolicies, PutASitesOwnBeforeWhatEverybodyKnows) {
  TemporaryFolder folder;
  const fs::path log = Put(folder / "log.txt", "scratch quota: no space left on device\n");
  std::vector<LogPolicy> policies = BuiltInLogPolicies();
  policies.insert(policies.begin(), {std::regex("^scratch"), Cause::kKilled, "ask the admins"});
  const auto sign = FindSign(log, 0, policies);
  ASSERT_TRUE(sign.has_value());
  EXPECT_EQ(sign->cause, Cause::kKilled);
  EXPECT_EQ(sign->line, "scratch quota: no space left on device");
  EXPECT_EQ(sign->advice, "ask the admins");
}

}  // namespace
}  // namespace upcycle
