#include "experiments/scheduling/host_memory.h"

#include <gtest/gtest.h>

#include "tests/experiments/scheduling/scheduler_fixture.h"

namespace upcycle {
namespace {

constexpr int64_t kGigabyte = 1'000'000'000;

Fingerprint Stage(int i) { return Hasher().Add(static_cast<uint64_t>(i)).Finish(); }

TEST(HostMemory, SharesWhatIsThereAndSaysWhatIsMissing) {
  HostMemory memory(4 * kGigabyte);
  EXPECT_EQ(memory.Take(Stage(0), 3 * kGigabyte), "");
  EXPECT_EQ(memory.Take(Stage(1), 2 * kGigabyte), "for memory: needs 2.000 GB, 1.000 GB are left");
  memory.Release(Stage(0));
  EXPECT_EQ(memory.Take(Stage(1), 2 * kGigabyte), "");
}

TEST(HostMemory, LetsThroughWhatNeverFitsWhereNothingRuns) {
  HostMemory memory(kGigabyte);
  EXPECT_EQ(memory.Take(Stage(0), 50 * kGigabyte), "");
  EXPECT_NE(memory.Take(Stage(1), 1), "");
}

TEST(HostMemory, HasNoLimitWhereNoneIsKnown) {
  HostMemory memory(0);
  EXPECT_EQ(memory.Take(Stage(0), 50 * kGigabyte), "");
  EXPECT_EQ(memory.Take(Stage(1), 50 * kGigabyte), "");
}

TEST(HostMemory, OfThisMachineIsWithinReason) {
  EXPECT_GT(AvailableMemoryBytes(), int64_t{1} << 20);
  EXPECT_LT(AvailableMemoryBytes(), int64_t{1} << 50);
}

TEST(MemoryNeeds, AreWhatWasMeasuredOnceSomethingWas) {
  MemoryNeeds needs;
  EXPECT_EQ(needs.Of("train 5", 5), 5);
  needs.Learn("train 5", 9);
  needs.Learn("train 5", 7);
  EXPECT_EQ(needs.Of("train 5", 5), 9);
  EXPECT_EQ(needs.Of("train 6", 6), 6);
}

TEST_F(SchedulerTest, RunsOnlySoManyAtOnceAsMemoryHasRoomFor) {
  FakeExecutor executor;
  Run(executor, {.jobs = 4, .cores = 4, .machine = {.memory_bytes = 2 * kWorkerBytes}});
  EXPECT_EQ(executor.most_at_once, 1);
  EXPECT_EQ(executor.started.size(), static_cast<size_t>(kStages));
}

TEST_F(SchedulerTest, TrustsMeasuredMemoryMoreThanThePlan) {
  FakeExecutor executor;
  SchedulerOptions options = {.jobs = 4, .cores = 4, .machine = {.memory_bytes = 2 * kWorkerBytes}};
  for (const auto& [stage, _] : study_.stages) options.machine.measured_peaks[stage] = 1;
  Run(executor, options);
  EXPECT_GT(executor.most_at_once, 2);
}

TEST_F(SchedulerTest, LeavesOutWhatIsLeftOutAndSaysWhy) {
  FakeExecutor executor;
  SchedulerOptions options = {.jobs = 2, .cores = 2};
  const Fingerprint left = StageOf(1, 1, StageRole::kEvaluate);
  options.left_out[left] = "left out to keep within budget.core_hours=2";
  const StudyOutcome outcome = Run(executor, options);
  EXPECT_EQ(outcome.done, kStages - 1);
  EXPECT_EQ(outcome.left_out, 1);
  EXPECT_EQ(outcome.skipped, 0);
  EXPECT_EQ(Facts(left).state, StageState::kPlanned);
  EXPECT_EQ(Facts(left).reason, "left out to keep within budget.core_hours=2");
}

TEST_F(SchedulerTest, StartsNothingMoreOnceItsBudgetIsSpent) {
  FakeExecutor executor;
  SchedulerOptions options = {.jobs = 1, .cores = 1};
  options.why_no_more = [&] { return executor.started.size() < 3 ? "" : "all is spent"; };
  const StudyOutcome outcome = Run(executor, options);
  EXPECT_EQ(executor.started.size(), 3u);
  EXPECT_EQ(outcome.done, 3);
  EXPECT_EQ(outcome.halted, "all is spent");
  EXPECT_EQ(outcome.skipped, kStages - 3);
}

}  // namespace
}  // namespace upcycle
