#include "results/ledger/schema_help.h"

#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "results/ledger/ledger.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

std::multiset<std::string> ExplainedColumns() {
  std::multiset<std::string> columns;
  for (const auto& column : LedgerColumnsJson()) {
    columns.insert(column.at("table").get<std::string>() + "." +
                   column.at("column").get<std::string>());
  }
  return columns;
}

TEST(SchemaHelp, ExplainsEveryColumnOfALedgerOnce) {
  const TemporaryFolder folder;
  Database ledger = OpenLedgerForWriting(LedgerIn(folder));
  std::multiset<std::string> columns;
  Statement rows = ledger.Prepare(
      "SELECT tables.name || '.' || described.name FROM sqlite_master AS tables "
      "JOIN pragma_table_info(tables.name) AS described WHERE tables.type = 'table'");
  while (rows.Step()) columns.insert(rows.Text(0));
  EXPECT_EQ(ExplainedColumns(), columns);
}

TEST(SchemaHelp, IsWhatTheFoldersPageSays) {
  const std::string page = ReadTextFile(UPCYCLE_RESULTS_PAGE);
  EXPECT_TRUE(Says(page, LedgerColumnsMarkdown()));
}

TEST(SchemaHelp, FitsATerminal) {
  const std::string text = LedgerColumnsText(60);
  EXPECT_TRUE(Says(text, "\nstage\n  id\n    the number that other tables name it by\n"));
  for (size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
    const std::string line = text.substr(begin, text.find('\n', begin) - begin);
    if (!line.starts_with("    ")) continue;
    EXPECT_LE(line.size(), 64u) << line;
  }
}

}  // namespace
}  // namespace upcycle
