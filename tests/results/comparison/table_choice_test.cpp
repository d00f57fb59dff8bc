// What a table shows: columns, arms, cells, order.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/comparison/arm_filter.h"
#include "results/comparison/compare_study.h"
#include "results/comparison/comparison_table.h"
#include "results/comparison/table_notes.h"
#include "results/export/table_forms.h"
#include "results/ledger/ledger_reader.h"
#include "results/tables/csv.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

// Four arms over top_k and granularity, and a dense one; three seeds.
class TableChoice : public ::testing::Test {
 protected:
  TableChoice() : writer_(LedgerIn(folder_)) {
    study_ = StudyOf({"dense", "k1g1", "k1g4", "k2g1", "k2g4"}, {0, 1, 2});
    for (size_t i = 0; i < study_.arms.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      const int64_t top_k = i == 0 ? 2 : (at - 1) / 2 + 1, granularity = at % 2 == 1 ? 1 : 4;
      study_.arms[i].settings =
          fmt::format(R"({{"moe":{{"top_k":{},"granularity":{},"layers":[1,3]}},)"
                      R"("upcycle":{{"method":"{}"}},"train":{{"tokens":100}}}})",
                      top_k, granularity, i == 0 ? "none" : "copy");
      study_.arms[i].cost = {.parameters_total = 1e6 * static_cast<double>(5 - i),
                             .train_flops = 1e12,
                             .experts = i == 0 ? 0 : 8};
    }
  }

  // Of arm i: 3 − i/8, with a spread of its seeds, that of arms that are paired being small.
  void Finish() {
    writer_.RecordStudy(study_);
    for (size_t i = 0; i < study_.arms.size(); ++i) {
      for (int64_t seed = 0; seed < 3; ++seed) {
        const double common = 0.25 * static_cast<double>(seed);
        const double own = static_cast<double>((seed * static_cast<int64_t>(i)) % 3) / 1024;
        const double loss = 3 - 0.125 * static_cast<double>(i) + common + own;
        CompleteRun(writer_, study_.arms[i].name, seed, {},
                    {ResultEvent("validation/loss", loss),
                     ResultEvent("atlas/accuracy", 0.2 + 0.1 * static_cast<double>(i % 3)),
                     ResultEvent("moe/layer_00/load_entropy", 1)});
      }
    }
  }

  Comparison Compare(const CompareOptions& options = {}) {
    LedgerReader reader(LedgerIn(folder_));
    return CompareStudy(reader, "study", options);
  }
  Table Made(const CompareOptions& options = {}) { return TableOf(Compare(options)); }

  static std::string Keys(const Table& table) {
    std::string keys;
    for (const Column& column : table.columns) keys += (keys.empty() ? "" : " ") + column.key;
    return keys;
  }
  static std::string Names(const Table& table, size_t column = 0) {
    std::string names;
    for (const auto& row : table.rows) names += (names.empty() ? "" : " ") + row[column].text;
    return names;
  }
  static bool HasNote(const Table& table, const std::string& note) {
    return std::ranges::find(table.notes, note) != table.notes.end();
  }

  TemporaryFolder folder_;
  LedgerWriter writer_;
  StudyRecord study_;
};

TEST_F(TableChoice, HasTheColumnsThatAreListedAndNoOthers) {
  study_.table.columns = {"moe.top_k", "verdict", "validation/loss", "train_flops", "moe.top_k"};
  Finish();
  const Table table = Made();
  EXPECT_EQ(Keys(table), "arm moe.top_k verdict validation/loss train_flops");
  EXPECT_EQ(Names(table, 1), "1 1 2 2");
  const Table asked = Made({.columns = {{"seeds", "moe.layers", "atlas/accuracy"}}});
  EXPECT_EQ(Keys(asked), "arm seeds moe.layers atlas/accuracy");
  EXPECT_TRUE(IsRightAligned(asked.columns[1])) << "counts are set as numbers are";
  EXPECT_EQ(asked.rows[1][2].text, "[1,3]");
}

TEST_F(TableChoice, SaysNothingOfATestThatItDoesNotShow) {
  Finish();
  const auto notes = Made({.columns = {{"atlas/accuracy"}}}).notes;
  EXPECT_TRUE(std::ranges::none_of(
      notes, [](const std::string& note) { return note.starts_with("Family."); }));
}

TEST_F(TableChoice, NamesWhatThereIsWhereAColumnIsUnknown) {
  Finish();
  const std::string message = MessageOf([&] { Made({.columns = {{"atlas/acuracy"}}}); });
  EXPECT_TRUE(
      Says(message, "there is no column \"atlas/acuracy\"; did you mean \"atlas/accuracy\"?"));
  EXPECT_TRUE(
      Says(message, "metrics: atlas/accuracy, validation/loss, moe/layer_00/load_entropy\n"));
  EXPECT_TRUE(Says(message, "adjusted_p"));
  EXPECT_TRUE(Says(message,
                   "settings that differ between arms: moe.granularity, moe.top_k, "
                   "upcycle.method"));
  EXPECT_TRUE(Says(MessageOf([&] { Made({.columns = {{"system/wall"}}}); }), "depends on clock"));
  EXPECT_TRUE(Says(MessageOf([&] { Made({.rows = "moe.topk"}); }), "did you mean \"moe.top_k\"?"));
}

TEST_F(TableChoice, ShowsSettingsThatDifferAndLeavesOutEqualOnes) {
  Finish();
  const Table table =
      Made({.columns = {{"train.tokens", "validation/loss", "moe.top_k"}}, .only_changed = true});
  EXPECT_EQ(Keys(table), "arm moe.granularity moe.top_k upcycle.method validation/loss");
  EXPECT_TRUE(HasNote(table, "Same in all rows. train.tokens 100."));
  const Table some = Made({.columns = {{"seeds"}}, .only_changed = true, .where = {"moe.top_k=2"}});
  EXPECT_EQ(Keys(some), "arm moe.granularity seeds");
}

TEST_F(TableChoice, LeavesArmsOutOfTheTableAndNotOutOfTheFamily) {
  Finish();
  const Table all = Made();
  const Table table = Made({.where = {"moe.top_k>=2", "arm~g4"}});
  EXPECT_EQ(Names(table), "k2g4");
  EXPECT_TRUE(HasNote(table, "Shown. 1 of 5 arms: those with moe.top_k>=2 and arm~g4."));
  const size_t p = ColumnNamed(table, "adjusted_p");
  EXPECT_EQ(table.rows[0][p].value, all.rows[4][p].value);
  EXPECT_TRUE(std::ranges::any_of(table.notes, [](const std::string& note) {
    return note.starts_with(
        "Family. p is adjusted by Holm's correction over the 4 comparisons of "
        "this study, shown here or not");
  }));
}

TEST_F(TableChoice, RefusesConditionsThatMeanNothing) {
  Finish();
  EXPECT_TRUE(Says(MessageOf([&] { Made({.where = {"moe.topk=2"}}); }),
                   "has a setting \"moe.topk\"; did you mean \"moe.top_k\"?"));
  EXPECT_TRUE(Says(MessageOf([&] { Made({.where = {"moe.top_k=7"}}); }),
                   "no arm of \"study\" meets --where moe.top_k=7; its arms are dense, k1g1"));
  EXPECT_TRUE(Says(MessageOf([&] { Made({.where = {"moe.top_k"}}); }), "it has no sign"));
  EXPECT_TRUE(Says(MessageOf([&] { Made({.where = {"=2"}}); }), "nothing stands before the sign"));
  EXPECT_TRUE(Says(MessageOf([&] { Made({.where = {"moe.top_k<many"}}); }), "< compares numbers"));
  EXPECT_TRUE(Says(MessageOf([&] { Made({.where = {"arm=a\nb"}}); }), "control character"));
}

TEST(ArmCondition, ComparesNumbersAsNumbersAndTextsAsTexts) {
  const SettingTexts settings = {{"a", "0.1"}, {"b", "copy"}};
  const auto meets = [&](const char* text) {
    return Meets(ParseCondition(text), "E8, x=1", settings);
  };
  for (const char* text : {"a = 0.10", "a!=0.2", "a<1", "a<=0.1", "a>0", "a >= 1e-1", "b~op",
                           "b!~x", "none!=3", "none!~3", "arm~x=1", "arm=E8, x=1"}) {
    EXPECT_TRUE(meets(text)) << text;
  }
  for (const char* text :
       {"a=0.2", "a!=0.1", "a<0.1", "b>1", "none=3", "none~3", "none<3", "b=Copy"}) {
    EXPECT_FALSE(meets(text)) << text;
  }
}

TEST_F(TableChoice, SortsRowsByAShownColumn) {
  study_.table.sort = "validation/loss";
  Finish();
  EXPECT_EQ(Names(Made()), "k2g4 k2g1 k1g4 k1g1 dense");
  EXPECT_EQ(Names(Made({.sort = "parameters:desc"})), "dense k1g1 k1g4 k2g1 k2g4");
  EXPECT_EQ(Names(Made({.sort = "arm:desc"})), "k2g4 k2g1 k1g4 k1g1 dense");
  EXPECT_TRUE(Says(MessageOf([&] { Made({.sort = "parameter"}); }),
                   "the table has no column \"parameter\"; did you mean \"parameters\"?"));
}

TEST_F(TableChoice, ShowsWhatTheRecipeTakesForACell) {
  study_.table.columns = {"validation/loss"};
  study_.table.cell = CellMeaning::kMeanDeviation;
  Finish();
  Table table = Made();
  EXPECT_NEAR(table.rows[0][1].half_width, 0.25, 1e-12);
  EXPECT_TRUE(ToCsv(table).starts_with("study,arm,validation/loss,validation/loss deviation\r\n"));
  EXPECT_TRUE(HasNote(table, "Cells. Mean ± standard deviation over seeds; – is not available."));

  study_.table.cell = CellMeaning::kMean;
  writer_.RecordStudy(study_);
  table = Made();
  EXPECT_TRUE(std::isnan(table.rows[0][1].half_width));
  EXPECT_TRUE(ToCsv(table).starts_with("study,arm,validation/loss\r\nstudy,dense,3.25\r\n"));

  study_.table.cell = CellMeaning::kDifference;
  writer_.RecordStudy(study_);
  table = Made();
  EXPECT_TRUE(std::isnan(table.rows[0][1].value));
  EXPECT_NEAR(table.rows[1][1].value, -0.1240234375, 1e-12);
  EXPECT_EQ(CellText(table.columns[1], table.rows[1][1]), "−0.1240 ± 0.0024");
  EXPECT_TRUE(HasNote(table,
                      "Baseline. dense has validation/loss 3.25 ± 0.62, each ± half of its "
                      "t interval."));
}

TEST_F(TableChoice, TakesNoDifferenceWhileSeedsAreMissing) {
  study_.table.columns = {"atlas/accuracy"};
  study_.table.cell = CellMeaning::kDifference;
  writer_.RecordStudy(study_);
  for (int64_t seed = 0; seed < 3; ++seed) {
    CompleteRun(writer_, "dense", seed, {}, {ResultEvent("atlas/accuracy", 0.25)});
    if (seed < 2) CompleteRun(writer_, "k1g1", seed, {}, {ResultEvent("atlas/accuracy", 0.5)});
  }
  EXPECT_TRUE(std::isnan(Made().rows[1][1].value));
  EXPECT_NEAR(Made({.allow_incomplete = true}).rows[1][1].value, 0.25, 1e-12);
}

std::string BoldOf(const Table& table, size_t column) {
  std::string bold;
  for (const auto& row : table.rows) bold += row[column].bold ? '*' : '.';
  return bold;
}

TEST_F(TableChoice, MakesTheBestOfEachMetricBold) {
  study_.table.columns = {"validation/loss", "atlas/accuracy", "train/gradient_norm"};
  study_.table.bold = BoldRule::kBest;
  Finish();
  const Table table = Made();
  EXPECT_EQ(BoldOf(table, 1), "....*");
  EXPECT_EQ(BoldOf(table, 2), "..*..");  // more is better
  EXPECT_EQ(BoldOf(table, 3), ".....");  // which are better, nobody knows
  EXPECT_EQ(BoldOf(Made({.where = {"arm!~k2"}}), 1), "..*");
  EXPECT_EQ(BoldOf(Made({.where = {"arm=k2g4"}}), 1), ".");
}

TEST_F(TableChoice, MakesOnlyDecidedArmsBoldWhereAsked) {
  study_.table.columns = {"validation/loss", "atlas/accuracy", "verdict"};
  study_.table.bold = BoldRule::kDecided;
  Finish();
  const Table table = Made();
  for (size_t i = 0; i < table.rows.size(); ++i) {
    EXPECT_EQ(table.rows[i][1].bold, table.rows[i][3].text == "better") << i;
    EXPECT_FALSE(table.rows[i][2].bold);
  }
  EXPECT_EQ(BoldOf(table, 1).find('*'), 1u);
}

TEST_F(TableChoice, CallsNoArmBestWhoseSeedsAreNotAllThere) {
  study_.table.columns = {"validation/loss"};
  study_.table.bold = BoldRule::kBest;
  writer_.RecordStudy(study_);
  for (int64_t seed = 0; seed < 3; ++seed) {
    CompleteRun(writer_, "dense", seed, {}, {ResultEvent("validation/loss", 3)});
    CompleteRun(writer_, "k1g1", seed, {}, {ResultEvent("validation/loss", 2)});
    if (seed > 0) CompleteRun(writer_, "k1g4", seed, {}, {ResultEvent("validation/loss", 1)});
  }
  EXPECT_EQ(BoldOf(Made(), 1), ".*...");
}

TEST_F(TableChoice, IsAGridWhereRowsAndColumnsAreSettings) {
  study_.table.rows = "moe.top_k";
  study_.table.columns = {"moe.granularity"};
  study_.table.cell = CellMeaning::kMean;
  study_.table.bold = BoldRule::kBest;
  Finish();
  const Comparison comparison = Compare();
  const Table table = TableOf(comparison);
  EXPECT_EQ(table.title,
            "study: validation/loss, lower is better, by moe.top_k and moe.granularity");
  EXPECT_EQ(ToCsv(table),
            "study,moe.top_k,validation/loss[moe.granularity=1],validation/loss[moe.granularity=4]"
            "\r\nstudy,1,3.1259765625,3.0009765625\r\nstudy,2,2.875,2.7509765625\r\n");
  EXPECT_TRUE(table.rows[1][2].bold);
  EXPECT_TRUE(HasNote(table,
                      "Grid. Each cell is the arm with these values of moe.top_k and "
                      "moe.granularity. Without them, and not in the grid: dense."));
  const Table other =
      Made({.columns = {{"atlas/accuracy", "moe.granularity"}}, .where = {"arm!=k1g4"}});
  EXPECT_EQ(other.title,
            "study: atlas/accuracy, higher is better, by moe.top_k and moe.granularity");
  EXPECT_TRUE(std::isnan(other.rows[0][2].value));
  EXPECT_TRUE(Says(MessageOf([&] { Made({.columns = {{"upcycle.method"}}}); }),
                   "\"k1g1\" and \"k1g4\" are both in one; --where can leave arms out by "
                   "moe.granularity"));
}

TEST_F(TableChoice, BeginsEveryNoteWithALabelThatIsKnown) {
  study_.table.rows = "moe.top_k";
  study_.table.bold = BoldRule::kDecided;
  Finish();
  for (const CompareOptions& options :
       {CompareOptions{}, CompareOptions{.where = {"arm~k"}},
        CompareOptions{.columns = {{"train.tokens", "seeds"}}, .only_changed = true},
        CompareOptions{.columns = {{"moe.granularity"}}}}) {
    for (const std::string& note : Made(options).notes) {
      EXPECT_TRUE(std::ranges::any_of(NoteLabels(), [&](std::string_view label) {
        return note.starts_with(fmt::format("{}. ", label));
      })) << note;
    }
  }
}

TEST_F(TableChoice, SaysInOneLineHowItIsMadeAgain) {
  Finish();
  const CompareOptions options = {.allow_incomplete = true,
                                  .rows = "moe.top_k",
                                  .columns = {{"seeds", "validation/loss"}},
                                  .sort = "arm:desc",
                                  .only_changed = true,
                                  .where = {"arm!~it's <!-- -->", "moe.top_k>=1"}};
  const std::string command = Compare(options).command;
  EXPECT_EQ(command,
            "upcycle export study --rows moe.top_k --columns seeds,validation/loss --where "
            "'arm!~it'\\''s <!-''- --''>' --where 'moe.top_k>=1' --sort arm:desc --only-changed "
            "--allow-incomplete");
  EXPECT_TRUE(
      Says(Written(Compare(options), TableForm::kMarkdown), "\n<!-- " + command + " -->\n"));
  EXPECT_TRUE(Written(Compare(options), TableForm::kLatex)
                  .starts_with("% " + command + " --format latex\n"));
  const auto json = nlohmann::json::parse(Written(Compare(options), TableForm::kJson));
  EXPECT_EQ(json.at("command"), command + " --format json");
  EXPECT_EQ(json.at("table").at("rows").at(0).at("arm").at("shown"), "k2g4");
}

}  // namespace
}  // namespace upcycle
