#include "experiments/run/worker.h"

#include <algorithm>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/journal.h"
#include "experiments/run/stage.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

TEST(Worker, BeginsAnAttemptThoughThereIsNothingToComputeOn) {
  RunSettings settings;
  settings.data.train = {{}};
  const auto stages = StagesOf(settings, 0, {Fingerprint(1, 2), {}});
  const auto train = std::find_if(stages.begin(), stages.end(), [](const RunStage& stage) {
    return stage.stage.kind == StageKind::kTrain;
  });
  ASSERT_NE(train, stages.end());
  const TemporaryFolder folder;
  Put(folder / "stage.json", train->stage.ToJson().dump());

  EXPECT_NE(RunWorker(folder.path(), {.device = "cpu", .checked = true}), WorkerExit::kComplete);
  JournalReader journal(folder / "journal");
  std::vector<nlohmann::json> events;
  for (const JournalRecord& record : journal.ReadNext()) {
    events.push_back(nlohmann::json::parse(std::get<JournalEvent>(record).json));
  }
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].at("event"), "attempt_started");
  EXPECT_EQ(events[0].at("device"), "cpu");
  EXPECT_EQ(events[1].at("cause"), "input");
  EXPECT_TRUE(Says(events[1].at("message").get<std::string>(), "this stage has no GPU"));
}

}  // namespace
}  // namespace upcycle
