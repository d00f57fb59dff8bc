#include "results/verification/verify_table.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "results/comparison/compare_study.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/fuzz.h"

namespace upcycle {
namespace {

constexpr TableForm kForms[] = {TableForm::kMarkdown, TableForm::kLatex,        TableForm::kHtml,
                                TableForm::kCsv,      TableForm::kHtmlFragment, TableForm::kJson};

// Names that every form must escape.
constexpr const char* kHostile = "50% | a_b & <i>\"x\"</i>, {\\}$#~^ `c` *d* --";

class Verifying : public ::testing::TestWithParam<TableForm> {
 protected:
  Verifying() : writer_(LedgerIn(folder_)) {
    study_ = StudyOf({"dense", kHostile, "late"}, {0, 1, 2});
    study_.name = "a_study--1";
    for (ArmRecord& arm : study_.arms) arm.cost = {.train_flops = 1e12, .train_tokens = 1000};
    study_.arms[1].settings = R"({"moe":{"top_k":2}})";
    study_.arms[1].cost.experts = 8;
    writer_.RecordStudy(study_);
    const char* names[] = {"dense", kHostile, "late"};
    for (int64_t arm = 0; arm < 3; ++arm) {
      for (int64_t seed = 0; seed < 3; ++seed) {
        const double loss = 3 - 0.125 * static_cast<double>(arm) + static_cast<double>(seed) / 64 +
                            static_cast<double>((arm * seed) % 3) / 1024;
        CompleteRun(writer_, names[arm], seed, {}, {ResultEvent("validation/loss", loss)});
      }
    }
  }

  std::string Export(TableForm form, const CompareOptions& options = {}) {
    LedgerReader reader(LedgerIn(folder_));
    return Written(CompareStudy(reader, study_.name, options), form);
  }

  VerifiedTable Verify(const std::string& document, TableForm form,
                       const CompareOptions& options = {}) {
    const std::vector<CommittedTable> tables = ReadTables(document, form);
    if (tables.size() != 1) {
      ADD_FAILURE() << tables.size() << " tables in\n" << document;
      return {};
    }
    LedgerReader reader(LedgerIn(folder_));
    return VerifyTable(reader, tables[0], form, options);
  }

  static std::string Replaced(std::string text, const std::string& was, const std::string& is) {
    const size_t at = text.find(was);
    EXPECT_NE(at, text.npos) << was << " in\n" << text;
    return text.replace(at, was.size(), is);
  }
  static int64_t LineOf(const std::string& text, const std::string& part) {
    const auto end = text.begin() + static_cast<ptrdiff_t>(text.find(part));
    return 1 + std::count(text.begin(), end, '\n');
  }

  TemporaryFolder folder_;
  LedgerWriter writer_;
  StudyRecord study_;
};

TEST_P(Verifying, FindsAnExportEqualToTheLedger) {
  const VerifiedTable verified = Verify(Export(GetParam()), GetParam());
  EXPECT_EQ(verified.reason, "");
  EXPECT_TRUE(verified.differences.empty())
      << verified.differences.front().row << " " << verified.differences.front().column;
  EXPECT_EQ(verified.study, "a_study--1");
  EXPECT_GT(verified.cells, 10);
}

TEST_P(Verifying, FindsTheEvidenceEqualToTheLedger) {
  const CompareOptions options = {.evidence = true};
  const std::vector<CommittedTable> tables = ReadTables(Export(GetParam(), options), GetParam());
  const bool is_one = GetParam() == TableForm::kCsv || GetParam() == TableForm::kJson;
  ASSERT_EQ(tables.size(), is_one ? 1u : 2u);
  LedgerReader reader(LedgerIn(folder_));
  for (const CommittedTable& table : tables) {
    const CompareOptions read =
        GetParam() == TableForm::kCsv ? OptionsFrom(table, GetParam()) : options;
    const VerifiedTable verified = VerifyTable(reader, table, GetParam(), read);
    EXPECT_EQ(verified.reason, "");
    EXPECT_TRUE(verified.differences.empty())
        << verified.differences.front().row << " " << verified.differences.front().column;
    EXPECT_GT(verified.cells, 10);
  }
}

TEST_P(Verifying, ReadsBehindAByteOrderMark) {
  const VerifiedTable verified = Verify("\uFEFF" + Export(GetParam()), GetParam());
  EXPECT_EQ(verified.reason, "");
  EXPECT_TRUE(verified.differences.empty());
}

TEST_P(Verifying, FindsTheTableAmidOtherText) {
  if (GetParam() == TableForm::kJson || GetParam() == TableForm::kCsv) {
    GTEST_SKIP() << "these files hold nothing else";
  }
  std::string around = "Some text.\n\n| a |\n| - |\n| 1 |\n\n";
  if (GetParam() == TableForm::kLatex)
    around = "Some text.\n\\begin{tabular}{l}a\\\\b\\\\\\end{tabular}\n";
  if (GetParam() == TableForm::kHtml || GetParam() == TableForm::kHtmlFragment) {
    around = "<p>Some text.</p>\n<table><tr><th>a</th></tr><tr><td>1</td></tr></table>\n";
  }
  const std::string exported = Export(GetParam());
  EXPECT_TRUE(Verify(around + exported + "\n" + around, GetParam()).differences.empty());
}

TEST_P(Verifying, NamesACommandThatHasNoTable) {
  if (GetParam() == TableForm::kJson || GetParam() == TableForm::kCsv) {
    GTEST_SKIP() << "these files hold nothing else";
  }
  std::string alone = "<!-- upcycle export a_study--1 -->\n";
  if (GetParam() == TableForm::kLatex) {
    alone = "% upcycle export a_study--1\n\\begin{longtable}{l}a\\\\\\end{longtable}\n";
  }
  const std::string exported = Export(GetParam());
  for (const std::string& document : {alone + exported, exported + alone, alone}) {
    const std::vector<CommittedTable> tables = ReadTables(document, GetParam());
    ASSERT_EQ(tables.size(), document == alone ? 1u : 2u) << document;
    const auto bare =
        std::ranges::find_if(tables, [](const auto& table) { return table.columns.empty(); });
    ASSERT_NE(bare, tables.end());
    EXPECT_EQ(bare->line,
              document == exported + alone ? 1 + std::ranges::count(exported, '\n') : 1);
    LedgerReader reader(LedgerIn(folder_));
    EXPECT_TRUE(Says(VerifyTable(reader, *bare, GetParam(), {}).reason, "no table that can be"));
  }
}

TEST_P(Verifying, NamesTheCellThatDiffersAndItsLine) {
  const std::string exported = Export(GetParam());
  const bool is_exact = GetParam() == TableForm::kCsv;
  const std::string was = is_exact ? "2.8916015625" : "2.892 ";
  const std::string document = Replaced(exported, was, is_exact ? "2.7916015625" : "2.792 ");
  const VerifiedTable verified = Verify(document, GetParam());
  ASSERT_EQ(verified.differences.size(), 1u);
  const CellDifference& difference = verified.differences.front();
  EXPECT_EQ(difference.line, LineOf(document, "2.79"));
  EXPECT_TRUE(Says(difference.file, "2.79"));
  EXPECT_TRUE(Says(difference.ledger, "2.89"));
  if (GetParam() == TableForm::kJson) {
    EXPECT_TRUE(Says(difference.row, "table › rows › 1 › validation/loss"));
  } else {
    EXPECT_TRUE(Says(difference.row, "50"));
    EXPECT_EQ(difference.column, "validation/loss");
  }
}

TEST_P(Verifying, ReadsOrRefusesDamagedDocuments) {
  constexpr std::string_view kWords[] = {
      "```\n", "<!--", "-->", "|", "\\\\", "\\begin{tabular}", "\\end{tabular}", "<table",
      "</td>", "\"",   "{",   "%", "#"};
  const std::string exported = Export(GetParam());
  const CommittedTable good = ReadTables(exported, GetParam()).at(0);
  ExpectReadOrRefused(NameOf(GetParam()), exported, 400, kWords, [&](const std::string& document) {
    const std::vector<CommittedTable> tables = ReadTables(document, GetParam());
    const bool has_table = std::ranges::any_of(
        tables, [](const CommittedTable& table) { return !table.columns.empty(); });
    if (!has_table) throw Error(Cause::kInput, "no table");
    for (const CommittedTable& table : tables) {
      OptionsFrom(table, GetParam());
      DifferencesBetween(table, good, GetParam());
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Forms, Verifying, testing::ValuesIn(kForms), [](const auto& form) {
  std::string name(NameOf(form.param));
  std::erase(name, '-');
  return name;
});

TEST_F(Verifying, FindsNewResultsInTheLedger) {
  const std::string document = Export(TableForm::kMarkdown);
  study_.arms.pop_back();
  writer_.RecordStudy(study_);
  const VerifiedTable verified = Verify(document, TableForm::kMarkdown);
  const auto about_row = [](const CellDifference& d) {
    return d.row == "late" && d.ledger.empty();
  };
  EXPECT_TRUE(std::ranges::any_of(verified.differences, about_row));
  const auto about_family = [](const CellDifference& d) {
    return d.column == "note" && Says(d.file, "over the 2 comparisons") &&
           Says(d.ledger, "over the 1 comparison");
  };
  EXPECT_TRUE(std::ranges::any_of(verified.differences, about_family));
}

TEST_F(Verifying, MissesRowsAndColumnsThatWereLeftOutButNotNotes) {
  std::string document = Export(TableForm::kMarkdown);
  document.erase(document.find("| late"),
                 document.find('\n', document.find("| late")) + 1 - document.find("| late"));
  document.erase(document.find("- Test."));
  const VerifiedTable verified = Verify(document, TableForm::kMarkdown);
  ASSERT_EQ(verified.differences.size(), 1u);
  EXPECT_EQ(verified.differences[0].row, "late");
  EXPECT_EQ(verified.differences[0].file, "");
  const VerifiedTable other =
      Verify(Export(TableForm::kMarkdown, {.columns = {{"seeds"}}}), TableForm::kMarkdown);
  EXPECT_TRUE(std::ranges::any_of(other.differences, [](const CellDifference& difference) {
    return difference.column == "verdict" && difference.file.empty();
  }));
}

TEST_F(Verifying, NamesRowsThatCsvLeftOut) {
  const std::string document = Export(TableForm::kCsv, {.where = {"arm!=late"}});
  const VerifiedTable verified = Verify(document, TableForm::kCsv);
  EXPECT_TRUE(verified.differences.empty());
  EXPECT_EQ(verified.left_out, std::vector<std::string>{"late"});
  EXPECT_TRUE(Verify(Export(TableForm::kCsv), TableForm::kCsv).left_out.empty());
}

TEST_F(Verifying, ReadsTablesAsAuthorsOfLatexChangeThem) {
  std::string document = Export(TableForm::kLatex);
  document = Replaced(document, "\\midrule", "\\cmidrule(lr){1-3}\\addlinespace[2pt]");
  document = Replaced(document, " \\\\\nlate", " \\\\*[2pt]\nlate");
  document = Replaced(document, "\\begin{tabular}", "\\begin{tabularx}{\\linewidth}");
  document = Replaced(document, "\\end{tabular}", "\\end{tabularx}");
  const VerifiedTable verified = Verify(document, TableForm::kLatex);
  EXPECT_TRUE(verified.differences.empty()) << verified.differences.front().file;
  const std::string changed = Replaced(document, "2.892 ", "2.792 ");
  EXPECT_EQ(Verify(changed, TableForm::kLatex).differences.size(), 1u);
}

TEST_F(Verifying, ReadsDocumentsThatDoNotSayHowTheyWereMade) {
  std::string document = Export(TableForm::kMarkdown);
  const size_t comment = document.find("<!--");
  document.erase(comment, document.find("-->\n\n") + 5 - comment);
  EXPECT_TRUE(Verify(document, TableForm::kMarkdown).differences.empty());
  EXPECT_TRUE(ReadTables("```\n" + document + "```\n", TableForm::kMarkdown).empty());
  EXPECT_TRUE(ReadTables("### A heading\n\n| a |\n| - |\n| 1 |\n", TableForm::kMarkdown).empty());
}

TEST_F(Verifying, LeavesADocumentATitleAndRemarksOfItsOwn) {
  std::string document = Export(TableForm::kMarkdown);
  document = Replaced(document, "### a_study--1: validation/loss, lower is better", "## Results");
  document = Replaced(document, "- Test.", "- Of these, the second is ours.\n- Test.");
  EXPECT_TRUE(Verify(document, TableForm::kMarkdown).differences.empty());
}

TEST_F(Verifying, FindsCsvEqualWhereIncompleteArmsWereJudged) {
  StudyRecord grown = StudyOf({"dense", kHostile, "late"}, {0, 1, 2, 3});
  grown.name = study_.name;
  writer_.RecordStudy(grown);
  const std::string judged = Export(TableForm::kCsv, {.allow_incomplete = true});
  EXPECT_NE(judged, Export(TableForm::kCsv));
  EXPECT_TRUE(Verify(judged, TableForm::kCsv).differences.empty());
  EXPECT_TRUE(Verify(Export(TableForm::kCsv), TableForm::kCsv).differences.empty());
  const std::string changed = Replaced(judged, "2.8916015625", "2.7916015625");
  EXPECT_FALSE(Verify(changed, TableForm::kCsv).differences.empty());
}

TEST_F(Verifying, TakesTheRowsOfCsvFromItsHeader) {
  study_.table.rows = "moe.top_k";
  study_.table.columns = {"validation/loss", "seeds"};
  writer_.RecordStudy(study_);
  const std::string document =
      Export(TableForm::kCsv, {.rows = "arm", .columns = {{"validation/loss"}}});
  const auto tables = ReadTables(document, TableForm::kCsv);
  ASSERT_EQ(tables.size(), 1u);
  LedgerReader reader(LedgerIn(folder_));
  const VerifiedTable verified =
      VerifyTable(reader, tables[0], TableForm::kCsv, OptionsFrom(tables[0], TableForm::kCsv));
  EXPECT_EQ(verified.reason, "");
  EXPECT_TRUE(verified.differences.empty()) << document;
}

TEST_F(Verifying, TakesTheColumnsOfCsvFromItsHeader) {
  for (const CompareOptions& options :
       {CompareOptions{
            .columns = {{"seeds", "validation/loss"}}, .sort = "arm", .where = {"arm!=late"}},
        CompareOptions{.rows = "moe.top_k", .columns = {{"validation/loss", "seeds"}}},
        CompareOptions{.rows = "moe.top_k", .columns = {{"moe.top_k"}}}}) {
    const std::string document = Export(TableForm::kCsv, options);
    const auto tables = ReadTables(document, TableForm::kCsv);
    ASSERT_EQ(tables.size(), 1u);
    LedgerReader reader(LedgerIn(folder_));
    const VerifiedTable verified =
        VerifyTable(reader, tables[0], TableForm::kCsv, OptionsFrom(tables[0], TableForm::kCsv));
    EXPECT_EQ(verified.reason, "");
    EXPECT_TRUE(verified.differences.empty()) << document;
  }
}

TEST_F(Verifying, SaysWhyATableCannotBeChecked) {
  std::string document = Export(TableForm::kCsv);
  std::string other = document;
  for (size_t at = other.find("a_study"); at != other.npos; at = other.find("a_study")) {
    other.replace(at, 7, "b_study");
  }
  EXPECT_TRUE(Says(Verify(other, TableForm::kCsv).reason, "there is no study \"b_study--1\""));
  EXPECT_TRUE(
      Says(MessageOf([] { ReadTables("study,\"a", TableForm::kCsv); }), "a quote stays open"));
  EXPECT_TRUE(
      Says(MessageOf([] { ReadTables("{", TableForm::kJson); }), "this is no export as JSON"));
}

}  // namespace
}  // namespace upcycle
