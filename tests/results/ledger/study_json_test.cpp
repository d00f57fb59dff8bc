#include "results/ledger/study_json.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/ledger/ledger_reader.h"
#include "results/ledger/ledger_writer.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"

namespace upcycle {
namespace {

StudyRecord WholeStudy() {
  StudyRecord study = StudyOf({"dense", "routed"}, {0, 7});
  study.description = "what it is about";
  study.recipe = R"({"name":"study"})";
  study.matched_on = "train_flops";
  study.table.columns = {"validation/loss"};
  study.arms[1].changes = R"({"moe.top_k":1})";
  study.arms[1].cost.train_flops = 1.5e18;
  return study;
}

TEST(StudyJson, GivesBackWhatItWasGiven) {
  const StudyRecord study = WholeStudy();
  const nlohmann::json json = JsonOf(study);
  const StudyRecord back = StudyFromJson(nlohmann::json::parse(json.dump()));
  EXPECT_EQ(JsonOf(back), json);
  EXPECT_EQ(back.arms[1].runs[1].stages, study.arms[1].runs[1].stages);
  EXPECT_EQ(back.arms[1].cost, study.arms[1].cost);
  EXPECT_EQ(back.stages.size(), study.stages.size());
  EXPECT_EQ(back.table, study.table);
}

TEST(StudyJson, GivesBackWhatTheLedgerWasGiven) {
  const TemporaryFolder folder;
  LedgerWriter writer(LedgerIn(folder));
  const StudyRecord study = WholeStudy();
  writer.RecordStudy(study);
  nlohmann::json json = JsonOf(LedgerReader(LedgerIn(folder)).ReadStudyRecord("study"));
  nlohmann::json expected = JsonOf(study);
  for (nlohmann::json* one : {&json, &expected}) {  // the order of neither has a meaning
    auto& stages = (*one)["stages"];
    for (nlohmann::json& stage : stages) std::sort(stage["inputs"].begin(), stage["inputs"].end());
    std::sort(stages.begin(), stages.end());
  }
  EXPECT_EQ(json, expected);
}

TEST(StudyJson, RefusesWhatNoStudyGave) {
  EXPECT_EQ(CauseOf([] { StudyFromJson(nlohmann::json::object()); }), Cause::kInput);
  nlohmann::json study = JsonOf(WholeStudy());
  study["arms"][0]["runs"][0]["stages"][0][2] = "no fingerprint";
  EXPECT_EQ(CauseOf([&] { StudyFromJson(study); }), Cause::kInput);
}

}  // namespace
}  // namespace upcycle
