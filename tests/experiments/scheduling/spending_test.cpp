#include "experiments/scheduling/spending.h"

#include "tests/experiments/scheduling/scheduler_fixture.h"

namespace upcycle {
namespace {

class SpendingTest : public SchedulerTest {
 protected:
  SpendingTest() {
    LedgerWriter(folder_ / "ledger.sqlite").RecordStudy(RecordOf(study_));
    study_.recipe.budget.disk_gb = 2e-6;  // 2,000 bytes
  }

  fs::path PutBytes(const fs::path& path, size_t bytes) {
    return Put(path, std::string(bytes, 'x'));
  }

  const StageFolder train_{folder_.path(), StageOf(0, 0, StageRole::kTrain)};
};

// As the plan counts it that was held against the budget before.
TEST_F(SpendingTest, CountsOnTheDiskWhatIsThereToStay) {
  EXPECT_EQ(SpentOn(study_, folder_.path()).disk_bytes, 0);
  PutBytes(train_.checkpoints() / "step_1/model.safetensors", 5000);
  PutBytes(train_.path() / "model.7.tmp/model.safetensors", 5000);
  PutBytes(train_.model() / "model.safetensors", 1500);
  EXPECT_EQ(SpentOn(study_, folder_.path()).disk_bytes, 1500);
  EXPECT_EQ(Spending(study_, folder_.path()).WhyNoMore(), "");
}

TEST_F(SpendingTest, SaysWhatIsSpentOnceItIs) {
  Spending spending(study_, folder_.path(), /*pause_seconds=*/0);
  EXPECT_EQ(spending.WhyNoMore(), "");
  PutBytes(train_.model() / "model.safetensors", 3000);
  EXPECT_EQ(spending.WhyNoMore(), "the study has spent 3e-06 of budget.disk_gb=2e-06");
}

}  // namespace
}  // namespace upcycle
