#include "experiments/study/study.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class RecordOfAStudy : public testing::Test {
 protected:
  StudyRecord WithTable(const std::string& table) const {
    Put(folder_ / "recipe.yaml",
        "name: tiny\n"
        "data: {train: [{kind: atlas, people: 8}]}\n"
        "arms:\n"
        "  - {name: dense, upcycle: none}\n"
        "  - {name: moe, upcycle: copy}\n"
        "baseline: dense\n" +
            table);
    return RecordOf(MakeStudy(LoadRecipe(folder_ / "recipe.yaml", {})));
  }

  TemporaryFolder folder_;
};

TEST_F(RecordOfAStudy, HasAllThatTheRecipeSaysOfItsTable) {
  const TableSpec table = WithTable(
                              "table: {rows: moe.top_k, columns: [atlas/accuracy, train_flops], "
                              "interval: 90, digits: 3, cell: difference, bold: best, sort: arm, "
                              "only_changed: true}\n")
                              .table;
  EXPECT_EQ(table.rows, "moe.top_k");
  EXPECT_EQ(table.columns, (std::vector<std::string>{"atlas/accuracy", "train_flops"}));
  EXPECT_DOUBLE_EQ(table.interval, 0.9);
  EXPECT_EQ(table.digits, 3);
  EXPECT_EQ(table.cell, CellMeaning::kDifference);
  EXPECT_EQ(table.bold, BoldRule::kBest);
  EXPECT_EQ(table.sort, "arm");
  EXPECT_TRUE(table.only_changed);
}

TEST_F(RecordOfAStudy, TakesDifferencesToTheRecipesBaseline) {
  EXPECT_EQ(WithTable("").baseline, "dense");
  EXPECT_EQ(WithTable("table: {against: baseline}\n").baseline, "dense");
}

TEST_F(RecordOfAStudy, TakesDifferencesToTheArmThatTheTableNames) {
  EXPECT_EQ(WithTable("table: {against: moe}\n").baseline, "moe");
}

}  // namespace
}  // namespace upcycle
