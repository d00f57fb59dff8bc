#include "core/site/site.h"

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

namespace fs = std::filesystem;

class SiteTest : public testing::Test {
 protected:
  Site Load(std::string_view text) { return LoadSite({Put(folder_ / "site.yaml", text)}); }
  std::string Mistakes(std::string_view text) {
    return MessageOf([&] { Load(text); });
  }

  TemporaryFolder folder_;
};

TEST_F(SiteTest, HasDefaultsWhereThereIsNoFile) {
  const Site site = LoadSite({folder_ / "absent.yaml"});
  EXPECT_EQ(site.executor, ExecutorChoice::kAuto);
  EXPECT_EQ(site.slurm.jobs_at_once, 100);
  EXPECT_TRUE(site.log_policies.empty());
}

TEST_F(SiteTest, IsReadFromEveryFileTheLaterOnTop) {
  const fs::path user = Put(folder_ / "user.yaml",
                            "executor: slurm\n"
                            "slurm: {account: physics, partition: long, options: [--nice]}\n");
  const fs::path root = Put(folder_ / "root.yaml",
                            "slurm: {partition: short, time_limit: 1-12, options: [-x, --spread]}\n"
                            "log_policies: [{pattern: evicted, cause: lost, advice: wait}]\n");
  const Site site = LoadSite({user, root});
  EXPECT_EQ(site.executor, ExecutorChoice::kSlurm);
  EXPECT_EQ(site.slurm.account, "physics");
  EXPECT_EQ(site.slurm.partition, "short");
  EXPECT_EQ(site.slurm.time_limit, "1-12");
  EXPECT_EQ(site.slurm.options, (std::vector<std::string>{"-x", "--spread"}));
  ASSERT_EQ(site.log_policies.size(), 1u);
  EXPECT_EQ(site.log_policies[0].cause, Cause::kLost);
  EXPECT_EQ(site.log_policies[0].advice, "wait");
}

TEST_F(SiteTest, NamesAllMistakesAtOnce) {
  const std::string mistakes = Mistakes(
      "executor: slrum\n"
      "slurm: {partitoin: x, time_limit: soon, jobs_at_once: 0, options: [nice]}\n"
      "log_policies:\n"
      "  - {pattern: \"(\", cause: lots}\n"
      "  - {advice: none}\n");
  for (const char* words :
       {"executor cannot be \"slrum\"", "did you mean \"slurm\"", "no key \"partitoin\" in slurm",
        "did you mean \"partition\"", "slurm.time_limit cannot be \"soon\"",
        "slurm.jobs_at_once cannot be \"0\"", "\"nice\" is not one option of sbatch",
        "\"(\" is no regular expression", "log_policies.0.cause cannot be \"lots\"",
        "a log policy without pattern", "a log policy without cause"}) {
    EXPECT_TRUE(Says(mistakes, words));
  }
}

}  // namespace
}  // namespace upcycle
