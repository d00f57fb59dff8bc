#include "results/ledger/ledger_writer.h"

#include <cmath>
#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "core/random.h"
#include "results/ledger/ledger.h"
#include "results/ledger/ledger_reader.h"
#include "tests/caught_error.h"
#include "tests/processes.h"
#include "tests/results/fixture.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class Ledger : public ::testing::Test {
 protected:
  Ledger() : writer(LedgerIn(folder)) { writer.RecordStudy(StudyOf({"dense", "routed"}, {0, 1})); }

  StageFacts Stage(const Fingerprint& stage) {
    return *LedgerReader(LedgerIn(folder)).FindStage(stage);
  }
  std::vector<AttemptFacts> Attempts() {
    LedgerReader reader(LedgerIn(folder));
    return reader.ReadAttempts(reader.FindStage(train)->id);
  }
  std::vector<MetricPoint> Points(std::string_view metric) {
    LedgerReader reader(LedgerIn(folder));
    return reader.ReadPoints(reader.FindStage(train)->id, metric);
  }

  TemporaryFolder folder;
  LedgerWriter writer;
  const Fingerprint train = StageFor(StageRole::kTrain, "dense", 0);
};

TEST_F(Ledger, KeepsAStudyAsItWasRecorded) {
  StudyRecord study = StudyOf({"b", "a"}, {5, 3});
  study.name = "other";
  study.description = "what is it for";
  study.preference = Preference::kHigher;
  study.table.columns = {"validation/loss", "parameters"};
  study.table.interval = 0.9;
  study.arms[1].changes = R"({"moe.top_k":1})";
  study.arms[1].cost = {.parameters_total = 47.49e9, .train_flops = 7.5e14, .experts = 8};
  writer.RecordStudy(study);

  const StudyFacts facts = LedgerReader(LedgerIn(folder)).ReadStudy("other");
  EXPECT_EQ(facts.description, "what is it for");
  EXPECT_EQ(facts.preference, Preference::kHigher);
  EXPECT_EQ(facts.baseline, "b");
  EXPECT_EQ(facts.table, study.table);
  ASSERT_EQ(facts.arms.size(), 2u);
  EXPECT_EQ(facts.arms[0].name, "b");
  EXPECT_EQ(facts.arms[1].changes, R"({"moe.top_k":1})");
  EXPECT_EQ(facts.arms[1].cost, study.arms[1].cost);
  ASSERT_EQ(facts.arms[0].runs.size(), 2u);
  EXPECT_EQ(facts.arms[0].runs[0].seed, 3);
  EXPECT_EQ(facts.stages.size(), 2u + 4 * 2);  // tokens and parent once, the rest for each run
}

TEST_F(Ledger, RecordsTheSameStudyTwiceAsOne) {
  writer.RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
  Database ledger = OpenLedgerForReading(LedgerIn(folder));
  EXPECT_EQ(ledger.ReadInt("SELECT count(*) FROM study"), 1);
  EXPECT_EQ(ledger.ReadInt("SELECT count(*) FROM arm"), 2);
  EXPECT_EQ(ledger.ReadInt("SELECT count(*) FROM run"), 4);
  EXPECT_EQ(ledger.ReadInt("SELECT count(*) FROM stage"), 10);
  EXPECT_EQ(ledger.ReadInt("SELECT count(*) FROM run_stage"), 16);
}

TEST_F(Ledger, KeepsAStagesStateWhenTheStudyIsRecordedAgain) {
  writer.SetStageState(train, StageState::kComplete);
  writer.RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
  EXPECT_EQ(Stage(train).state, StageState::kComplete);
}

TEST_F(Ledger, LeavesOutArmsAndSeedsThatLeftTheRecipeAndKeepsTheirResults) {
  CompleteRun(writer, "routed", 1, {}, {ResultEvent("validation/loss", 3.5)});
  writer.RecordStudy(StudyOf({"dense"}, {0}));
  EXPECT_EQ(LedgerReader(LedgerIn(folder)).ReadStudy("study").arms.size(), 1u);
  EXPECT_EQ(LedgerReader(LedgerIn(folder)).ReadStudy("study").arms[0].runs.size(), 1u);

  writer.RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
  LedgerReader reader(LedgerIn(folder));
  StudyFacts study = reader.ReadStudy("study");
  reader.ReadValues(&study, std::vector<std::string>{"validation/loss"});
  EXPECT_EQ(study.arms[1].runs[1].values.at("validation/loss").value, 3.5);
}

TEST_F(Ledger, FollowsARunToItsNewStages) {
  StudyRecord study = StudyOf({"dense"}, {0});
  const Fingerprint other = StageFor(StageRole::kTrain, "another learning rate");
  study.stages.push_back({other, "train", "{}", {}});
  study.arms[0].runs[0].stages[StageRole::kTrain] = other;
  writer.RecordStudy(study);
  const StudyFacts facts = LedgerReader(LedgerIn(folder)).ReadStudy("study");
  const auto place = facts.arms[0].runs[0].StageOf(StageRole::kTrain);
  EXPECT_EQ(facts.stages[*place].fingerprint, other);
}

TEST_F(Ledger, KnowsEveryRoleAndEveryState) {
  StudyRecord study = StudyOf({"dense"}, {0});
  for (const auto& role : EnumNames<StageRole>::values) {
    study.stages.push_back({StageFor(role.value, "dense", 0), "any", "{}", {}});
    study.arms[0].runs[0].stages[role.value] = StageFor(role.value, "dense", 0);
  }
  writer.RecordStudy(study);
  for (const auto& state : EnumNames<StageState>::values) {
    writer.SetStageState(train, state.value);
    EXPECT_EQ(Stage(train).state, state.value);
  }
  const StudyFacts facts = LedgerReader(LedgerIn(folder)).ReadStudy("study");
  for (const auto& role : EnumNames<StageRole>::values) {
    EXPECT_TRUE(facts.arms[0].runs[0].StageOf(role.value).has_value()) << role.name;
  }
}

TEST_F(Ledger, KnowsEachOfSeveralBranches) {
  StudyRecord study = StudyOf({"dense"}, {0});
  for (int64_t number : {0, 1, 2}) {
    const Fingerprint branch(7, static_cast<uint64_t>(number));
    study.stages.push_back({branch, "train", "{}", {}});
    study.arms[0].runs[0].stages[{StageRole::kBranch, number}] = branch;
  }
  writer.RecordStudy(study);
  const StudyFacts facts = LedgerReader(LedgerIn(folder)).ReadStudy("study");
  const RunFacts& run = facts.arms[0].runs[0];
  for (int64_t number : {0, 1, 2}) {
    const auto stage = run.StageOf({StageRole::kBranch, number});
    ASSERT_TRUE(stage.has_value()) << number;
    EXPECT_EQ(facts.stages[*stage].fingerprint, Fingerprint(7, static_cast<uint64_t>(number)));
  }
  EXPECT_FALSE(run.StageOf({StageRole::kBranch, 3}).has_value());
  writer.SetStageState(Fingerprint(7, 1), StageState::kFailed);
  const StudyFacts failed = LedgerReader(LedgerIn(folder)).ReadStudy("study");
  EXPECT_EQ(StateOfRun(failed, failed.arms[0].runs[0]), StageState::kFailed);
}

TEST(StagePlaces, AreNamedByRoleAndBranchesByNumberToo) {
  EXPECT_EQ(NameOf(StagePlace(StageRole::kParentEvaluate)), "parent_evaluate");
  EXPECT_EQ(NameOf(StagePlace(StageRole::kBranch, 2)), "branch_2");
}

TEST_F(Ledger, RefusesARunWhoseStageNobodyDescribed) {
  StudyRecord study = StudyOf({"dense"}, {0});
  study.arms[0].runs[0].stages[StageRole::kStart] = Fingerprint(1, 2);
  EXPECT_THROW(writer.RecordStudy(study), Error);
  EXPECT_EQ(LedgerReader(LedgerIn(folder)).ReadStudy("study").arms.size(), 2u);  // as before
}

TEST_F(Ledger, KeepsWhyAStageWaits) {
  writer.SetStageState(train, StageState::kWaiting, "waits for the dense parent");
  EXPECT_EQ(Stage(train).state, StageState::kWaiting);
  EXPECT_EQ(Stage(train).reason, "waits for the dense parent");
}

TEST_F(Ledger, TakesPointsAndTheNewestOfEachOver) {
  IngestNext(writer, train,
             {Point("train/loss", 1, 5.5), Point("train/gradient_norm", 1, 0.5),
              Point("train/loss", 2, 5.25)});
  EXPECT_EQ(Points("train/loss"), (std::vector<MetricPoint>{{1, 5.5}, {2, 5.25}}));
  LedgerReader reader(LedgerIn(folder));
  const auto latest = reader.ReadLatest(reader.FindStage(train)->id);
  EXPECT_EQ(latest.at("train/loss"), (MetricPoint{2, 5.25}));
  EXPECT_EQ(latest.at("train/gradient_norm"), (MetricPoint{1, 0.5}));
}

TEST_F(Ledger, KeepsValuesThatAreNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  IngestNext(writer, train,
             {Point("train/loss", 1, std::nan("")), Point("train/loss", 2, infinity)});
  EXPECT_TRUE(std::isnan(Points("train/loss")[0].value));
  EXPECT_EQ(Points("train/loss")[1].value, infinity);
}

TEST_F(Ledger, TakesStepsThatAResumedRunRecordsAgainOnce) {
  IngestNext(writer, train, {Point("train/loss", 1, 5.5), Point("train/loss", 2, 5.25)});
  IngestNext(writer, train, {Point("train/loss", 2, 5.25), Point("train/loss", 3, 5.0)});
  EXPECT_EQ(Points("train/loss"), (std::vector<MetricPoint>{{1, 5.5}, {2, 5.25}, {3, 5.0}}));
}

TEST_F(Ledger, KeepsTheNewestStepWhenAnEarlierOneIsRecordedAgain) {
  IngestNext(writer, train, {Point("train/loss", 7, 5.5)});
  IngestNext(writer, train, {Point("train/loss", 6, 5.75)});
  LedgerReader reader(LedgerIn(folder));
  EXPECT_EQ(reader.ReadLatest(reader.FindStage(train)->id).at("train/loss"), (MetricPoint{7, 5.5}));
}

TEST_F(Ledger, IgnoresABatchThatItHasAlready) {
  const std::vector<JournalRecord> records = {Event(R"({"event": "attempt_started", "pid": 1})")};
  EXPECT_TRUE(writer.Ingest(train, records, 100));
  EXPECT_FALSE(writer.Ingest(train, records, 100));
  EXPECT_EQ(Attempts().size(), 1u);
  EXPECT_EQ(writer.JournalOffset(train), 100u);
}

TEST_F(Ledger, KeepsResultsWithTheirStandardError) {
  CompleteRun(writer, "dense", 0, {},
              {Event(R"({"event": "result", "metric": "mmlu/accuracy", "value": 0.25,
                         "stderr": 0.0125, "count": 1200})"),
               Event(R"({"event": "result", "metric": "validation/loss", "value": null})")});
  LedgerReader reader(LedgerIn(folder));
  StudyFacts study = reader.ReadStudy("study");
  reader.ReadValues(&study, std::vector<std::string>{"mmlu/accuracy", "validation/loss"});
  const auto& values = study.arms[0].runs[0].values;
  EXPECT_EQ(values.at("mmlu/accuracy").value, 0.25);
  EXPECT_EQ(values.at("mmlu/accuracy").standard_error, 0.0125);
  EXPECT_EQ(values.at("mmlu/accuracy").count, 1200);
  EXPECT_TRUE(std::isnan(values.at("validation/loss").value));
}

TEST_F(Ledger, SkipsEventsOfOtherKinds) {
  IngestNext(writer, train, {Event(R"({"event": "checkpoint", "step": 5})")});
  EXPECT_EQ(Stage(train).state, StageState::kPlanned);
}

TEST_F(Ledger, TakesNothingOfABatchWithAnEventItCannotUnderstand) {
  const std::vector<JournalRecord> records = {Point("train/loss", 1, 5.5),
                                              Event(R"({"event": "result", "metric": "x"})")};
  EXPECT_THROW(writer.Ingest(train, records, 10), Error);
  EXPECT_EQ(writer.JournalOffset(train), 0u);
  IngestNext(writer, train, {Point("train/loss", 1, 5.75)});
  EXPECT_EQ(Points("train/loss"), (std::vector<MetricPoint>{{1, 5.75}}));
}

TEST_F(Ledger, ForgetsWhatCameFromAJournal) {
  IngestNext(
      writer, train,
      {Point("train/loss", 1, 5.5), ResultEvent("a", 1), Event(R"({"event": "attempt_started"})")});
  writer.Forget(train);
  EXPECT_EQ(writer.JournalOffset(train), 0u);
  EXPECT_EQ(Stage(train).state, StageState::kPlanned);
  EXPECT_TRUE(Points("train/loss").empty());
  EXPECT_TRUE(Attempts().empty());
}

TEST_F(Ledger, SaysThatItDoesNotKnowAStage) {
  EXPECT_THROW(writer.SetStageState(Fingerprint(1, 2), StageState::kRunning), Error);
  EXPECT_EQ(writer.JournalOffset(Fingerprint(1, 2)), 0u);
}

TEST_F(Ledger, LetsReadersSeeACommitAtOnceAndASnapshotStay) {
  LedgerReader reader(LedgerIn(folder));
  const int64_t stage = reader.FindStage(train)->id;
  {
    const Transaction snapshot = reader.Snapshot();
    EXPECT_TRUE(reader.ReadPoints(stage, "train/loss").empty());
    IngestNext(writer, train, {Point("train/loss", 1, 5.5)});
    EXPECT_TRUE(reader.ReadPoints(stage, "train/loss").empty());
  }
  EXPECT_EQ(reader.ReadPoints(stage, "train/loss").size(), 1u);
}

TEST_F(Ledger, TakesNothingOfABatchOnAFullDiskAndGoesOnAfterwards) {
  std::vector<JournalRecord> records;
  for (int step = 0; step < 200000; ++step)
    records.push_back(Point("train/loss", step, 0.1 * step));
  {
    const FileSizeLimit full(1 << 20);
    EXPECT_EQ(CauseOf([&] { writer.Ingest(train, records, 10); }), Cause::kDisk);
  }
  EXPECT_EQ(writer.JournalOffset(train), 0u);
  EXPECT_TRUE(writer.Ingest(train, records, 10));
  EXPECT_EQ(Points("train/loss").size(), records.size());
}

// ---------------------------------------------------------------------------------------------
// A writer that is killed

constexpr int64_t kBatch = 100;

// Batch k holds the steps [k·100, (k + 1)·100) and the result k, and ends at offset k + 1. Says
// through the pipe when its first batch is in.
[[noreturn]] void IngestForever(const fs::path& path, const Fingerprint& stage, int pipe) noexcept {
  LedgerWriter writer(path);
  for (int64_t batch = static_cast<int64_t>(writer.JournalOffset(stage));; ++batch) {
    std::vector<JournalRecord> records;
    for (int64_t step = batch * kBatch; step < (batch + 1) * kBatch; ++step) {
      records.push_back(Point("a", step, static_cast<double>(step)));
      records.push_back(Point("b", step, static_cast<double>(-step)));
    }
    records.push_back(ResultEvent("batch", static_cast<double>(batch)));
    writer.Ingest(stage, records, static_cast<uint64_t>(batch + 1));
    WriteAll(pipe, "!", 1, "a pipe");
  }
}

void ExpectWholeBatches(const fs::path& path, int64_t batches) {
  Database ledger = OpenLedgerForReading(path);
  Statement points = ledger.Prepare("SELECT count(*), sum(abs(value) != step) FROM point");
  ASSERT_TRUE(points.Step());
  EXPECT_EQ(points.Int(0), 2 * kBatch * batches);
  EXPECT_EQ(points.Int(1), 0);
  EXPECT_EQ(ledger.ReadInt("SELECT max(step) FROM latest"), kBatch * batches - 1);
  EXPECT_EQ(ledger.ReadInt("SELECT max(value) FROM result"), batches - 1);
}

TEST(KilledWriter, LosesAndDoublesNothing) {
  const TemporaryFolder folder;
  const Fingerprint train = StageFor(StageRole::kTrain, "dense", 0);
  LedgerWriter(LedgerIn(folder)).RecordStudy(StudyOf({"dense"}, {0}));
  const RandomStream delays(1, "kill");
  int64_t batches = 0;
  for (int round = 0; round < 20; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const FileDescriptor from_child(pipe[0]), to_parent(pipe[1]);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) IngestForever(LedgerIn(folder), train, to_parent.get());
    char word;
    ASSERT_EQ(::read(from_child.get(), &word, 1), 1);
    std::this_thread::sleep_for(std::chrono::microseconds(delays.Below(round, 10000)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const int64_t before = batches;
    batches = static_cast<int64_t>(LedgerWriter(LedgerIn(folder)).JournalOffset(train));
    EXPECT_GT(batches, before);
    ExpectWholeBatches(LedgerIn(folder), batches);
  }
}

}  // namespace
}  // namespace upcycle
