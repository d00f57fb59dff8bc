#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "core/files.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

using nlohmann::json;

class QueryCommand : public testing::Test {
 protected:
  QueryCommand() {
    LedgerWriter ledger(folder_ / "ledger.sqlite");
    ledger.RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
    CompleteRun(ledger, "dense", 0, {Point("train/loss", 10, 0.5), Point("train/loss", 20, 0.25)},
                {});
  }

  Finished Ask(const std::vector<std::string>& words, OutputKind output = OutputKind::kFile) const {
    std::vector<std::string> all = {"query", "--root", folder_.path().native()};
    all.insert(all.end(), words.begin(), words.end());
    return RunProgram(all, output);
  }

  TemporaryFolder folder_;
};

TEST_F(QueryCommand, PrintsAnAlignedTable) {
  const Finished result = Ask(
      {"SELECT step, value, name AS metric, NULL AS missing FROM point JOIN metric ON metric.id = "
       "point.metric ORDER BY step"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "step  value  metric      missing\n"
            "----  -----  ----------  -------\n"
            "  10    0.5  train/loss     NULL\n"
            "  20   0.25  train/loss     NULL\n");
}

TEST_F(QueryCommand, PrintsCsvAndJson) {
  const std::string sql = "SELECT 'a,\"b' AS text, 2.0 AS real, NULL AS no, x'00ff' AS blob";
  EXPECT_EQ(Ask({sql, "--csv"}).out, "text,real,no,blob\r\n\"a,\"\"b\",2.0,,X'00FF'\r\n");
  const json answer = json::parse(Ask({sql, "--json"}).out);
  EXPECT_EQ(answer.at("columns"), (json{"text", "real", "no", "blob"}));
  EXPECT_EQ(answer.at("rows"), json::parse(R"([["a,\"b", 2.0, null, "X'00FF'"]])"));
  EXPECT_EQ(json::parse(Ask({"SELECT 1 WHERE 0", "--json"}).out).at("rows"), json::array());
}

TEST_F(QueryCommand, LetsNothingChangeOrLeaveTheLedger) {
  const std::string before = ReadTextFile(folder_ / "ledger.sqlite");
  const std::string other = (folder_ / "other.sqlite").native();
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"DELETE FROM study", "change nothing"},
      {"UPDATE study SET name = 'x' RETURNING name", "change nothing"},
      {"CREATE TEMP TABLE t (x)", "change nothing"},
      {"DROP TABLE point", "change nothing"},
      {"ATTACH '" + other + "' AS o", "no other database"},
      {"VACUUM INTO '" + other + "'", ""},
      {"PRAGMA query_only = OFF", "of pragmas there are"},
      {"PRAGMA user_version = 9", "of pragmas there are"},
      {"PRAGMA journal_mode = DELETE", "of pragmas there are"},
      {"PRAGMA wal_checkpoint(TRUNCATE)", "of pragmas there are"},
      {"SELECT load_extension('" + other + "')", "load_extension"},
      {"BEGIN", "change nothing"},
  };
  for (const auto& [sql, why] : refused) {
    const Finished result = Ask({sql});
    EXPECT_EQ(result.exit_code, 2) << sql << result.out;
    EXPECT_TRUE(Says(result.err, why)) << sql;
    EXPECT_FALSE(Says(result.err, "bug")) << sql;
  }
  EXPECT_FALSE(fs::exists(other));
  EXPECT_EQ(ReadTextFile(folder_ / "ledger.sqlite"), before);
}

TEST_F(QueryCommand, AnswersPragmasThatTellOfTables) {
  EXPECT_TRUE(Says(Ask({"PRAGMA table_info(study)"}).out, "baseline"));
  EXPECT_TRUE(Says(Ask({"SELECT name FROM pragma_table_info('study')"}).out, "baseline"));
  EXPECT_EQ(Ask({"PRAGMA user_version"}).exit_code, 0);
}

TEST_F(QueryCommand, SaysWhereTheMistakeIs) {
  EXPECT_TRUE(Says(Ask({"SELECT\n  nmae FROM study"}).err,
                   "no such column: nmae\nin line 2:\n    nmae FROM study\n    ^\n"));
  EXPECT_TRUE(Says(Ask({"SELEC 1"}).err, "near \"SELEC\": syntax error\n  SELEC 1\n  ^\n"));
  EXPECT_TRUE(Says(Ask({"SELECT 1; SELECT 2"}).err, "a second statement"));
  EXPECT_EQ(Ask({"SELECT 1; -- and done"}).exit_code, 0);
  EXPECT_TRUE(Says(Ask({"/* nothing */"}).err, "there is no statement in it"));
  EXPECT_TRUE(Says(Ask({"SELECT ?"}).err, "parameters"));
  EXPECT_TRUE(Says(Ask({"SELECT '\xff'"}).err, "not UTF-8"));
  EXPECT_TRUE(Says(Ask({"SELECT zeroblob(900000000)"}).err, "string or blob too big"));
  EXPECT_TRUE(Says(Ask({}).err, "the SQL is missing"));
  for (const char* sql : {"SELEC 1", "SELECT 1; SELECT 2", "SELECT ?", "SELECT '\xff'"}) {
    EXPECT_EQ(Ask({sql}).exit_code, 2) << sql;
  }
}

TEST_F(QueryCommand, LetsNoControlByteReachTheTerminal) {
  EXPECT_EQ(Ask({"SELECT 'a' || char(27) || '[2J' AS text"}).out, "text\n-----\na [2J\n");
}

TEST_F(QueryCommand, ShowsLongCellsAndManyRowsInPart) {
  const Finished result = Ask({"SELECT printf('%.*c', 200, 'x') AS text"});
  EXPECT_TRUE(Says(result.out, std::string(79, 'x') + "…\n"));
  EXPECT_TRUE(Says(result.err, "--csv has them whole"));
  const Finished many =
      Ask({"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"});
  EXPECT_EQ(many.exit_code, 0);
  EXPECT_TRUE(Says(many.err, "more than these 10000 rows"));
}

TEST_F(QueryCommand, EndsOnControlCHoweverLongItWouldTake) {
  Program query({"query", "--root", folder_.path().native(),
                 "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
                 "SELECT count(*) FROM c"});
  ASSERT_TRUE(query.AwaitItsHearing());
  query.Signal(SIGINT);
  const Finished finished = query.Wait();
  EXPECT_EQ(finished.exit_code, 130);
  EXPECT_TRUE(Says(finished.err, "ended on request"));
}

TEST_F(QueryCommand, ExplainsTheTables) {
  const Finished text = Ask({"--schema"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_TRUE(Says(text.out, "attempt\n  stage, number\n    executions of a stage, from 1\n"));
  const json columns = json::parse(Ask({"--schema", "--json"}).out);
  EXPECT_EQ(columns.at(0).at("table"), "study");
  EXPECT_GT(columns.size(), 60u);
}

}  // namespace
}  // namespace upcycle
