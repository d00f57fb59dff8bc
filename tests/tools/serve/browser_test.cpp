#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/results/fixture.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr int kNoBrowser = 77;
constexpr const char* kHostile = "<script>alert(1)</script>\"'&\u202Eabc</td>";

// A study of everything that a page shows: names that would be markup, states of all kinds, curves.
void WriteStudy(const TemporaryFolder& folder, const std::string& name) {
  LedgerWriter writer(LedgerIn(folder));
  StudyRecord study = StudyOf({"dense", kHostile, "failing"}, {0, 1, 2});
  study.name = name;
  study.description = kHostile;
  writer.RecordStudy(study);
  for (const char* arm : {"dense", kHostile}) {
    for (const int seed : {0, 1}) {
      std::vector<JournalRecord> records = {
          Event(AttemptStart{.host = "lab", .pid = 7}),
          Event(R"({"event": "progress", "step": 60, "steps": 60})")};
      for (int step = 0; step <= 60; step += 3) {
        records.push_back(Point("train/loss", step, 3.0 / (1 + step) + 0.1 * seed));
        records.push_back(Point("validation/loss", step, 3.1 / (1 + step) + 0.1 * seed));
      }
      CompleteRun(writer, arm, seed, records, {ResultEvent("validation/loss", 0.5)});
    }
  }
  IngestNext(writer, StageFor(StageRole::kTrain, "failing", 0),
             {Event(AttemptStart{.host = "lab", .pid = 7, .time = 1}),
              Event(AttemptEnd{.outcome = StageState::kFailed,
                               .cause = "memory",
                               .message = std::string(300, 'x') + kHostile,
                               .time = 2})});
  writer.SetStageState(StageFor(StageRole::kTrain, "failing", 1), StageState::kWaiting,
                       "for memory: needs 3.1 GB, 1.2 GB are left");
  writer.SetStageState(StageFor(StageRole::kTrain, "failing", 2), StageState::kDiverged, "NaN");
}

TEST(LivePage, DrawsItselfInABrowserWithoutAnErrorAtAnyWidth) {
  const TemporaryFolder folder;
  WriteStudy(folder, kHostile);
  const char* screenshots = std::getenv("UPCYCLE_SCREENSHOTS");
  const std::string command =
      std::string("python3 " UPCYCLE_BROWSER_CHECK " " UPCYCLE_PROGRAM " --root ") +
      folder.path().native() + (screenshots ? std::string(" --screenshots ") + screenshots : "");
  const int status = std::system(command.c_str());
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNoBrowser) GTEST_SKIP() << "Chromium is not installed";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace upcycle
