// What `upcycle export` writes for other programs, and the examples of how to ask the ledger.

#include <algorithm>

#include <gtest/gtest.h>

#include "core/files.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

class InterchangeCommand : public testing::Test {
 protected:
  InterchangeCommand() {
    LedgerWriter ledger(folder_ / "ledger.sqlite");
    ledger.RecordStudy(StudyOf({"dense", "moe"}, {0, 1}));
    for (const int64_t seed : {0, 1}) {
      for (const char* arm : {"dense", "moe"}) {
        CompleteRun(ledger, arm, seed, {Point("train/loss", 10, 0.5)},
                    {ResultEvent("validation/loss", 0.25)});
      }
    }
    IngestNext(ledger, StageFor(StageRole::kParent),
               {Event(AttemptStart{.time = 1}),
                Event(AttemptEnd{.outcome = StageState::kFailed, .message = "no luck"})});
  }

  Finished Export(const std::vector<std::string>& options) const {
    std::vector<std::string> words = {"export", "study", "--root", folder_.path().native()};
    words.insert(words.end(), options.begin(), options.end());
    return RunProgram(words);
  }

  TemporaryFolder folder_;
};

TEST_F(InterchangeCommand, WritesAllFormsAtOnceAndSaysHowToReadThem) {
  const Finished result =
      Export({"--tensorboard", (folder_ / "board").native(), "--mlflow", (folder_ / "ml").native(),
              "--points", (folder_ / "points.csv").native()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(Says(result.out, "tensorboard --logdir " + (folder_ / "board").native()));
  EXPECT_TRUE(Says(result.out, "mlflow ui --backend-store-uri " + (folder_ / "ml").native()));
  EXPECT_TRUE(fs::exists(folder_ / "board/moe/1/events.out.tfevents.0.upcycle"));
  EXPECT_TRUE(Says(ReadTextFile(folder_ / "points.csv"), "study,moe,1,train,train/loss,10,0.5,,"));
}

TEST_F(InterchangeCommand, RefusesWhatDoesNotGoTogether) {
  const std::string board = (folder_ / "board").native();
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {"--tensorboard", board, "--format", "csv"},
           {"--tensorboard", board, "--bundle", (folder_ / "b").native()},
           {"--system"}}) {
    const Finished result = Export(options);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_TRUE(Says(result.err, "--tensorboard, --mlflow"));
  }
  EXPECT_FALSE(fs::exists(board));
}

// Every block of the page that is marked as SQL.
std::vector<std::string> Examples() {
  const std::string page = ReadTextFile(UPCYCLE_INTERCHANGE_PAGE);
  const std::string begin = "```sql\n", end = "```";
  std::vector<std::string> examples;
  for (size_t at = page.find(begin); at != std::string::npos; at = page.find(begin, at)) {
    at += begin.size();
    examples.push_back(page.substr(at, page.find(end, at) - at));
  }
  return examples;
}

TEST_F(InterchangeCommand, AnswersEveryExampleOfThePage) {
  const std::vector<std::string> examples = Examples();
  ASSERT_EQ(examples.size(), 7U);
  for (const std::string& sql : examples) {
    const Finished result = RunProgram({"query", sql, "--csv", "--root", folder_.path().native()});
    EXPECT_EQ(result.exit_code, 0) << sql << result.err;
    const bool asks_items = sql.find("FROM item") != std::string::npos;
    EXPECT_EQ(std::ranges::count(result.out, '\n') > 1, !asks_items) << sql << result.out;
  }
}

}  // namespace
}  // namespace upcycle
