#include "experiments/scheduling/slurm_commands.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(SlurmCommands, ReadTheQueueTaskByTask) {
  const auto queue = ParseQueue(
      "upcycle-a|12|0|RUNNING|None\n"
      "upcycle-a|12|1|PENDING|Resources\n"
      "upcycle-b|15|0|OUT_OF_MEMORY|OutOfMemory\n");
  ASSERT_EQ(queue.size(), 3u);
  EXPECT_TRUE(queue.at({"upcycle-a", 0}).Runs());
  EXPECT_EQ(queue.at({"upcycle-a", 1}).reason, "Resources");
  EXPECT_EQ(queue.at({"upcycle-a", 1}).id, "12_1");
  EXPECT_FALSE(queue.at({"upcycle-a", 1}).HasEnded());
  EXPECT_TRUE(queue.at({"upcycle-b", 0}).HasEnded());
}

TEST(SlurmCommands, PassOverLinesThatAreNoTasks) {
  EXPECT_TRUE(ParseQueue("").empty());
  EXPECT_TRUE(ParseQueue("slurm_load_jobs error: something\n").empty());
  EXPECT_TRUE(ParseQueue("alone|7|N/A|RUNNING|None\n").empty()) << "a job that is no array's";
  EXPECT_TRUE(ParseQueue("a|7|0-3|PENDING|None\n").empty()) << "tasks that were not taken apart";
  EXPECT_TRUE(ParseQueue("a|7|0|PENDING\n").empty()) << "a line cut short";
}

TEST(SlurmCommands, KnowWhichStatesAreTheLast) {
  for (const char* word : {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL",
                           "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}) {
    EXPECT_TRUE((SlurmState{word, "None"}.HasEnded())) << word;
  }
  for (const char* word : {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED",
                           "REQUEUED", "REQUEUE_HOLD", "STOPPED", ""}) {
    EXPECT_FALSE((SlurmState{word, "None"}.HasEnded())) << word;
  }
}

TEST(SlurmCommands, ReadTheNumberOfASubmittedArray) {
  EXPECT_EQ(ParseSubmitted("12\n"), "12");
  EXPECT_EQ(ParseSubmitted("12;second\n"), "12");
  EXPECT_EQ(ParseSubmitted("sbatch: error: 12\n"), std::nullopt);
  EXPECT_EQ(ParseSubmitted(""), std::nullopt);
}

TEST(SlurmCommands, ReadAStateOfTheAccounting) {
  EXPECT_EQ(ParseAccounting("CANCELLED by 1000\n"), "CANCELLED");
  EXPECT_EQ(ParseAccounting("OUT_OF_MEMORY\n"), "OUT_OF_MEMORY");
  EXPECT_EQ(ParseAccounting(""), std::nullopt);
}

TEST(SlurmCommands, TellWhatMayPassFromWhatIsRefused) {
  EXPECT_TRUE(MayPass(
      "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"));
  EXPECT_TRUE(
      MayPass("slurm_load_jobs error: Unable to contact slurm controller (connect failure)"));
  EXPECT_TRUE(
      MayPass("sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job "
              "submit limit, user's size and/or time limits)"));
  EXPECT_FALSE(MayPass("sbatch: error: invalid partition specified: nowhere"));
  EXPECT_FALSE(MayPass("sbatch: error: Memory specification can not be satisfied"));
}

}  // namespace
}  // namespace upcycle
