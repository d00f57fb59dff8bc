// Whole studies through the program itself: what it promises about repeating, resuming and being
// killed.

#include <chrono>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "core/files.h"
#include "core/random.h"
#include "core/recipe/metrics.h"
#include "core/recipe/recipe.h"
#include "results/ledger/ledger_reader.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/caught_worker.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

using nlohmann::json;

class StudyTest : public testing::Test {
 protected:
  StudyTest() { Put(recipe_, kTinyRecipe); }

  std::vector<std::string> Command(const std::string& root,
                                   std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {
        "run", recipe_.native(), "--root", (folder_ / root).native(), "-j", "2"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // Long enough to be killed often. Where it is complete before it was killed often enough, as on a
  // fast machine, another one is begun.
  const std::vector<std::string> longer_ = {"--set", "train.tokens=400k", "--set",
                                            "parent.train.tokens=100k"};
  static constexpr int kMostStudies = 20;

  void RunToTheEnd(const std::string& root, std::vector<std::string> more = {}) const {
    const Finished run = RunProgram(Command(root, more));
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }

  std::string Export(const std::string& root, const std::string& format) const {
    const Finished result =
        RunProgram({"export", "tiny", "--root", (folder_ / root).native(), "--format", format});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  // Bit by bit what the study has that ran undisturbed under "calm".
  void ExpectAsInCalm(const std::string& root) const {
    EXPECT_EQ(
        DifferencesBetween(ContentOf(folder_ / root, "tiny"), ContentOf(folder_ / "calm", "tiny")),
        "");
    EXPECT_EQ(Export(root, "json"), Export("calm", "json"));
  }

  // Attempts of each stage that completed.
  void ExpectEveryStageCompletedOnce(const std::string& root) const {
    LedgerReader ledger(folder_ / root / "ledger.sqlite");
    for (const StageFacts& stage : ledger.ReadStudy("tiny").stages) {
      int complete = 0;
      for (const AttemptFacts& attempt : ledger.ReadAttempts(stage.id)) {
        EXPECT_EQ(complete, 0) << "an attempt began after " << stage.kind << " was complete";
        complete += attempt.end && attempt.end->outcome == StageState::kComplete;
      }
      EXPECT_EQ(complete, 1) << stage.kind;
    }
  }

  TemporaryFolder folder_;
  fs::path recipe_ = folder_ / "tiny.yaml";
};

TEST_F(StudyTest, EndsWithATableAndDoesNothingTheSecondTime) {
  RunToTheEnd("a");
  const Finished table = RunProgram({"compare", "tiny", "--root", (folder_ / "a").native()});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  for (const char* word : {"dense", "moe", "baseline", "validation/loss", "Holm"}) {
    EXPECT_TRUE(Says(table.out, word));
  }
  const Finished again = RunProgram(Command("a", {"--json"}));
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(Says(again.err, "complete already; nothing to do"));
  EXPECT_EQ(json::parse(again.out).at("done"), 0);
  ExpectEveryStageCompletedOnce("a");
}

// Every file and folder, with its bytes and when it was changed.
using Snapshot = std::map<std::string, std::pair<std::string, fs::file_time_type>>;
Snapshot SnapshotOf(const fs::path& folder) {
  Snapshot snapshot;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string bytes = entry.is_directory() ? "" : ReadTextFile(entry.path());
    snapshot[entry.path().native()] = {bytes, entry.last_write_time()};
  }
  return snapshot;
}

TEST_F(StudyTest, LooksAheadWithoutATraceOnDisk) {
  const Finished first = RunProgram(Command("a", {"--dry-run"}));
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_TRUE(Says(first.err, "would do  tokens"));
  EXPECT_FALSE(fs::exists(folder_ / "a"));

  RunToTheEnd("a", {"--set", "seeds=[0]"});
  const Snapshot before = SnapshotOf(folder_.path());
  const Finished rest = RunProgram(Command("a", {"-n"}));
  EXPECT_TRUE(Says(rest.err, "would do  train moe, seed 2"));
  EXPECT_FALSE(Says(rest.err, "seed 0"));
  const Finished nothing = RunProgram(Command("a", {"-n", "--set", "seeds=[0]"}));
  EXPECT_TRUE(Says(nothing.err, "nothing to do"));
  EXPECT_EQ(RunProgram({"plan", recipe_.native(), "--root", (folder_ / "a").native()}).exit_code,
            0);
  EXPECT_TRUE(SnapshotOf(folder_.path()) == before);
}

TEST_F(StudyTest, RecordsExactlyTheMetricsThatARecipeMayAskFor) {
  RunToTheEnd("a", {"--set", "seeds=[0]"});
  const Recipe recipe = LoadRecipe(recipe_, {"seeds=[0]"});
  LedgerReader ledger(folder_ / "a/ledger.sqlite");
  StudyFacts study = ledger.ReadStudy("tiny");
  for (size_t i = 0; i < recipe.arms.size(); ++i) {
    const std::vector<std::string> names = MetricsOf(recipe.arms[i].settings);
    ledger.ReadValues(&study, names);
    const RunFacts& run = study.arms[i].runs.front();
    for (const std::string& name : names) {
      EXPECT_TRUE(run.values.contains(name)) << recipe.arms[i].name << " lacks " << name;
    }
    const std::set<std::string> known(names.begin(), names.end());
    const int64_t train = study.stages[run.StageOf(StageRole::kTrain).value()].id;
    for (const auto& [name, point] : ledger.ReadLatest(train)) {
      EXPECT_TRUE(IsSystemMetric(name) || IsOfOneExpert(name) || known.contains(name)) << name;
    }
    for (const std::string& name : ledger.ResultNames(study)) EXPECT_TRUE(known.contains(name));
  }
}

TEST_F(StudyTest, GivesEqualBitsWithOneAndTwoThreadsAndEqualExports) {
  RunToTheEnd("one", {"--set", "execution.threads=1"});
  RunToTheEnd("two", {"--set", "execution.threads=2"});
  EXPECT_EQ(
      DifferencesBetween(ContentOf(folder_ / "one", "tiny"), ContentOf(folder_ / "two", "tiny")),
      "");
  for (const char* format : {"markdown", "csv", "latex", "json"}) {
    const std::string text = Export("one", format);
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(text, Export("two", format)) << format;
  }
}

TEST_F(StudyTest, GivesEqualBitsWhenWorkersAreKilledAndResumed) {
  constexpr int kKills = 10;
  RunToTheEnd("calm", longer_);
  const RandomStream stream(1, "worker kills");
  int kills = 0;
  uint64_t draw = 0;
  // Kills until there were enough, or the study is complete. A stage that was killed too often is
  // given up; the same command goes on.
  const auto run_roughly = [&](const std::string& root) {
    for (int before = -1; kills > before && kills < kKills;) {
      before = kills;
      Program run(Command(root, longer_));
      while (run.Running() && kills < kKills) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20 + stream.Below(draw++, 200)));
        const auto workers = WorkersUnder(folder_ / root);
        if (workers.empty()) continue;
        kill(workers[stream.Below(draw++, workers.size())], SIGKILL);
        ++kills;
      }
      if (run.Wait().exit_code == 0) break;
    }
    RunToTheEnd(root, longer_);
  };
  for (int study = 0; study < kMostStudies && kills < kKills; ++study) {
    const std::string root = "rough" + std::to_string(study);
    run_roughly(root);
    ExpectAsInCalm(root);
  }
  EXPECT_EQ(kills, kKills);
}

TEST_F(StudyTest, LosesAndRepeatsNothingWhenTheSchedulerIsKilledTwentyTimes) {
  constexpr int kKills = 20;
  RunToTheEnd("calm", longer_);
  const RandomStream stream(2, "scheduler kills");
  int kills = 0;
  uint64_t draw = 0;
  const auto run_roughly = [&](const std::string& root) {
    while (kills < kKills) {
      Program run(Command(root, longer_));
      std::this_thread::sleep_for(std::chrono::milliseconds(10 + stream.Below(draw++, 300)));
      run.Signal(SIGKILL);
      const Finished finished = run.Wait();
      if (finished.exit_code != 128 + SIGKILL) {  // the study was complete before
        EXPECT_EQ(finished.exit_code, 0) << finished.err;
        break;
      }
      ++kills;
    }
    RunToTheEnd(root, longer_);
  };
  for (int study = 0; study < kMostStudies && kills < kKills; ++study) {
    const std::string root = "rough" + std::to_string(study);
    run_roughly(root);
    ExpectAsInCalm(root);
    ExpectEveryStageCompletedOnce(root);
  }
  EXPECT_EQ(kills, kKills);
}

TEST_F(StudyTest, StopsOnCtrlCWithCheckpointsAndGoesOn) {
  RunToTheEnd("calm");
  RunToTheEnd("stopped", {"--set", "seeds=[0]"});  // and with it the parent
  Program run(Command("stopped", {"--set", "train.checkpoint_seconds=1000"}));
  const CaughtWorker worker(run, folder_ / "stopped");
  run.Signal(SIGINT);
  EXPECT_TRUE(run.Await([&] { return IsPending(worker.pid(), SIGTERM); }));
  worker.LetGoOn();
  const Finished stopped = run.Wait();
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_TRUE(WorkersUnder(folder_ / "stopped").empty());
  RunToTheEnd("stopped");
  EXPECT_EQ(DifferencesBetween(ContentOf(folder_ / "stopped", "tiny"),
                               ContentOf(folder_ / "calm", "tiny")),
            "");
}

// A worker may be asked to stop before it looks for such requests.
TEST_F(StudyTest, TakesAnEarlyCtrlCForNoFailure) {
  const RandomStream stream(3, "early stops");
  for (uint64_t i = 0; i < 12; ++i) {
    Program run(Command("stopped"));
    for (int wait = 0; wait < 600 && WorkersUnder(folder_ / "stopped").empty(); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(stream.Below(i, 20)));
    run.Signal(SIGINT);
    const Finished stopped = run.Wait();
    EXPECT_TRUE(stopped.exit_code == 130 || stopped.exit_code == 0) << stopped.err;
    EXPECT_FALSE(Says(stopped.err, "failed")) << stopped.err;
  }
  RunToTheEnd("stopped");
}

TEST_F(StudyTest, ASecondSchedulerOfOneRootIsRefusedWithTheReason) {
  Program first(Command("a"));
  const CaughtWorker worker(first, folder_ / "a");  // or it might be done
  const Finished second = RunProgram(Command("a"));
  worker.LetGoOn();
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_TRUE(Says(second.err, "another `upcycle run` is at work"));
  EXPECT_EQ(first.Wait().exit_code, 0);
}

TEST_F(StudyTest, ShowsTheTableThatTheRecipeAsksForNow) {
  const std::string root = "a root";
  RunToTheEnd(root);
  const Finished again = RunProgram(
      Command(root, {"--set", "table={rows: moe.top_k, against: moe, columns: [train_flops]}"}));
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(Says(again.err, "`upcycle compare tiny --root '" + (folder_ / root).native() + "'`"));
  const json exported = json::parse(Export(root, "json"));
  EXPECT_EQ(exported.at("baseline"), "moe");
  EXPECT_TRUE(exported.at("arms").at(0).contains("against_baseline"));
  EXPECT_TRUE(Export(root, "csv").starts_with("study,moe.top_k,arm,train_flops\r\n"));
}

// By what workers really record, under its real names.
TEST_F(StudyTest, TellsHowLongARunningTrainingTakes) {
  Program run(Command("a", {"--set", "parent.train.tokens=200M"}));
  bool told = false;
  while (!told && run.Running()) {
    const Finished status =
        RunProgram({"status", "tiny", "--json", "--root", (folder_ / "a").native()});
    if (status.exit_code != 0) continue;  // there is no ledger yet
    const json study = json::parse(status.out).at(0);
    for (const json& stage : study.at("running")) {
      told |= stage.at("seconds_left").is_number() && stage.at("seconds_left") > 0;
    }
  }
  EXPECT_TRUE(told);
  run.Signal(SIGINT);
  run.Wait();
}

TEST_F(StudyTest, PlansWithReasonsBeforeAndAfter) {
  const auto plan = [&] {
    const Finished result =
        RunProgram({"plan", recipe_.native(), "--root", (folder_ / "a").native(), "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out);
  };
  const json before = plan();
  ASSERT_EQ(before.at("runs").size(), 6u);
  EXPECT_TRUE(before.at("runs").at(0).at("needed").get<bool>());
  EXPECT_EQ(before.at("runs").at(0).at("stages").at(0).at("why"), "never done");
  EXPECT_GT(before.at("arms").at(0).at("train_flops").get<double>(), 0);
  EXPECT_FALSE(fs::exists(folder_ / "a")) << "a plan changes nothing";
  RunToTheEnd("a");
  const json after = plan();
  EXPECT_EQ(after.at("needed_stages"), 0);
  EXPECT_EQ(after.at("runs").at(0).at("stages").at(0).at("why"), "complete");
}

TEST_F(StudyTest, ALaterStudyFindsTheParentThere) {
  RunToTheEnd("a");
  const Finished other =
      RunProgram(Command("a", {"--set", "name=other", "--set", "moe.top_k=1", "--json"}));
  ASSERT_EQ(other.exit_code, 0) << other.err;
  // New are, of each of 3 seeds, the upcycled start, its training and its evaluation.
  EXPECT_EQ(json::parse(other.out).at("done"), 9);
}

}  // namespace
}  // namespace upcycle
