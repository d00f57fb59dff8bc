#include "results/interchange/interchange.h"

#include <cmath>
#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr const char* kHostile = "../x y";  // an arm

class Interchange : public testing::Test {
 protected:
  Interchange() {
    LedgerWriter ledger(LedgerIn(folder_));
    StudyRecord study = StudyOf({"dense", kHostile}, {0, 1});
    study.arms[0].settings = R"({"moe": {"top_k": 2}})";
    ledger.RecordStudy(study);
    IngestNext(ledger, StageFor(StageRole::kParent), {Point("train/loss", 5, 3.0)});
    CompleteRun(ledger, "dense", 0,
                {Event(AttemptStart{.time = 100}), Point("train/loss", 10, 0.1),
                 Point("train/loss", 20, NAN), Point("system/speed", 20, 7),
                 Event(AttemptEnd{.outcome = StageState::kComplete, .time = 120})},
                {ResultEvent("validation/loss", 1.0 / 3.0), ResultEvent("system/x", 1)});
  }

  std::set<std::string> FilesIn(const fs::path& folder) const {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) names.insert(entry.path().lexically_relative(folder).native());
    }
    return names;
  }

  fs::path Ledger() const { return LedgerIn(folder_); }

  TemporaryFolder folder_;
};

TEST_F(Interchange, WritesEveryValueAsPoints) {
  const fs::path ledger = Ledger();
  EXPECT_EQ(PointsCsv(ledger, "study", {}),
            "study,arm,seed,role,metric,step,value,standard_error,count\r\n"
            "study,dense,0,parent,train/loss,5,3,,\r\n"
            "study,dense,0,train,train/loss,10,0.1,,\r\n"
            "study,dense,0,train,train/loss,20,nan,,\r\n"
            "study,dense,0,evaluate,validation/loss,,0.3333333333333333,,\r\n"
            "study,dense,1,parent,train/loss,5,3,,\r\n"
            "study,../x y,0,parent,train/loss,5,3,,\r\n"
            "study,../x y,1,parent,train/loss,5,3,,\r\n");
  const std::string with_system = PointsCsv(ledger, "study", {.system = true});
  EXPECT_TRUE(Says(with_system, "study,dense,0,train,system/speed,20,7,,\r\n"));
  EXPECT_TRUE(Says(with_system, "study,dense,0,evaluate,system/x,,1,,\r\n"));
}

TEST_F(Interchange, WritesOneEventFileForEachRun) {
  const fs::path ledger = Ledger();
  const fs::path out = folder_ / "new/board/";
  WriteTensorBoard(ledger, "study", {}, out);
  const auto files = FilesIn(out);
  EXPECT_EQ(files.size(), 5U);
  EXPECT_TRUE(files.contains("dense/0/events.out.tfevents.0.upcycle"));
  const std::string events = ReadTextFile(out / "dense/0/events.out.tfevents.0.upcycle");
  for (const char* part :
       {"\"arm\":\"dense\"", "moe.top_k", "parent/train/loss", "result/evaluate/validation/loss"}) {
    EXPECT_TRUE(Says(events, part));
  }
  EXPECT_FALSE(Says(events, "system/"));
}

TEST_F(Interchange, SaysWhichRunEveryFolderIs) {
  const fs::path ledger = Ledger();
  WriteTensorBoard(ledger, "study", {}, folder_ / "board");
  const auto contents = nlohmann::json::parse(ReadTextFile(folder_ / "board/upcycle-export.json"));
  EXPECT_EQ(contents.at("study"), "study");
  const auto& last = contents.at("runs").at(3);
  EXPECT_EQ(last.at("arm"), kHostile);
  EXPECT_EQ(last.at("seed"), 1);
  EXPECT_EQ(last.at("state"), "planned");
  EXPECT_TRUE(fs::exists(folder_ / "board" / last.at("folder").get<std::string>()));
}

TEST_F(Interchange, WritesMlflowsFileStore) {
  const fs::path ledger = Ledger();
  const fs::path out = folder_ / "mlruns";
  WriteMlflow(ledger, "study", {}, out);
  const auto contents = nlohmann::json::parse(ReadTextFile(out / "upcycle-export.json"));
  const fs::path run = out / contents.at("runs").at(0).at("folder").get<std::string>();
  EXPECT_EQ(ReadTextFile(run / "metrics/train/loss"), "110000 0.1 10\n120000 nan 20\n");
  EXPECT_EQ(ReadTextFile(run / "metrics/result/evaluate/validation/loss"),
            "0 0.3333333333333333 20\n");
  EXPECT_EQ(ReadTextFile(run / "params/moe.top_k"), "2");
  EXPECT_EQ(ReadTextFile(run / "tags/upcycle.arm"), "dense");
  EXPECT_TRUE(Says(ReadTextFile(run / "meta.yaml"), "status: 3\n"));
  EXPECT_TRUE(Says(ReadTextFile(run.parent_path() / "meta.yaml"), "name: \"study\"\n"));
  EXPECT_FALSE(fs::exists(run / "metrics/system"));
}

TEST_F(Interchange, WritesNamesAsYamlHasThem) {
  LedgerWriter(Ledger()).RecordStudy(StudyOf({"é \"😀\"\u0085"}, {0}));
  WriteMlflow(Ledger(), "study", {}, folder_ / "mlruns");
  const auto contents = nlohmann::json::parse(ReadTextFile(folder_ / "mlruns/upcycle-export.json"));
  const fs::path run = contents.at("runs").at(0).at("folder").get<std::string>();
  EXPECT_TRUE(Says(ReadTextFile(folder_ / "mlruns" / run / "meta.yaml"),
                   "run_name: \"\\U000000E9 \\\"\\U0001F600\\\"\\U00000085/0\"\n"));
}

TEST_F(Interchange, GivesEqualBytesForEqualLedgers) {
  const fs::path ledger = Ledger();
  WriteTensorBoard(ledger, "study", {}, folder_ / "a");
  WriteTensorBoard(ledger, "study", {}, folder_ / "b");
  for (const std::string& file : FilesIn(folder_ / "a")) {
    EXPECT_EQ(ReadTextFile(folder_ / "a" / file), ReadTextFile(folder_ / "b" / file)) << file;
  }
}

TEST_F(Interchange, ReplacesEarlierExportsAlone) {
  const fs::path ledger = Ledger();
  WriteTensorBoard(ledger, "study", {}, folder_ / "board");
  std::ofstream(folder_ / "board/old") << "x";
  WriteTensorBoard(ledger, "study", {}, folder_ / "board");
  EXPECT_FALSE(fs::exists(folder_ / "board/old"));
  fs::create_directory(folder_ / "mine");
  std::ofstream(folder_ / "mine/thesis") << "x";
  const auto message = MessageOf([&] { WriteMlflow(ledger, "study", {}, folder_ / "mine"); });
  EXPECT_TRUE(Says(message, "no earlier export: name a new folder"));
  EXPECT_EQ(ReadTextFile(folder_ / "mine/thesis"), "x");
}

TEST_F(Interchange, LeavesNothingOfAnUnknownStudy) {
  const fs::path ledger = Ledger();
  EXPECT_EQ(CauseOf([&] { WriteTensorBoard(ledger, "none", {}, folder_ / "x"); }), Cause::kInput);
  EXPECT_EQ(CauseOf([&] { WriteMlflow(ledger, "none", {}, folder_ / "x"); }), Cause::kInput);
  EXPECT_EQ(CauseOf([&] { PointsCsv(ledger, "none", {}); }), Cause::kInput);
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

}  // namespace
}  // namespace upcycle
