#include "core/benchmarks/csv.h"

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

using Fields = std::vector<std::string>;

std::vector<Fields> FieldsOf(std::string_view text) {
  std::vector<Fields> rows;
  for (const CsvRow& row : ParseCsv(text, "test.csv")) rows.push_back(row.fields);
  return rows;
}

TEST(Csv, SplitsPlainFields) {
  EXPECT_EQ(FieldsOf("a,b,,d\ne,f\n"), (std::vector<Fields>{{"a", "b", "", "d"}, {"e", "f"}}));
}

TEST(Csv, QuotedFieldsHoldCommasQuotesAndLines) {
  EXPECT_EQ(FieldsOf("\"a,\"\"b\"\"\nc\",d\n"), (std::vector<Fields>{{"a,\"b\"\nc", "d"}}));
}

TEST(Csv, TheLastLineNeedsNoEnd) {
  EXPECT_EQ(FieldsOf("a,\"b\""), (std::vector<Fields>{{"a", "b"}}));
  EXPECT_EQ(FieldsOf("a,"), (std::vector<Fields>{{"a", ""}}));
}

TEST(Csv, LineEndsOfWindowsAreLineEnds) {
  EXPECT_EQ(FieldsOf("a,\"b\"\r\nc,d\r\n"), (std::vector<Fields>{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(FieldsOf("a\rb,c\n"), (std::vector<Fields>{{"a\rb", "c"}}));
}

TEST(Csv, EmptyLinesAreNoRows) {
  EXPECT_EQ(FieldsOf("\na,b\n\n\nc,d\n\n"), (std::vector<Fields>{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(FieldsOf(""), std::vector<Fields>());
}

TEST(Csv, RowsKnowTheirLine) {
  const auto rows = ParseCsv("a\n\"b\nb\"\nc\n", "test.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].line, 1);
  EXPECT_EQ(rows[1].line, 2);
  EXPECT_EQ(rows[2].line, 4);
}

TEST(Csv, AQuoteInsideAPlainFieldIsACharacter) {
  EXPECT_EQ(FieldsOf("5\" disk,b\n"), (std::vector<Fields>{{"5\" disk", "b"}}));
}

TEST(Csv, AnUnclosedQuoteIsRefusedWhereItBegins) {
  EXPECT_TRUE(Says(MessageOf([] { FieldsOf("a,b\nc,\"d\ne,f\n"); }), "test.csv:2: a quoted field"));
}

TEST(Csv, TextBehindAClosingQuoteIsRefused) {
  EXPECT_TRUE(Says(MessageOf([] { FieldsOf("\"a\nb\" c,d\n"); }), "test.csv:2: text behind"));
}

TEST(Csv, WhatIsWrittenIsReadBack) {
  const Fields fields = {"plain",      "",      "with, comma", "with \"quotes\"",
                         "two\nlines", "end\r", " x "};
  EXPECT_EQ(FieldsOf(FormatCsvRow(fields)), std::vector<Fields>{fields});
  EXPECT_EQ(FormatCsvRow({"a b", "c,d"}), "a b,\"c,d\"\n");
}

}  // namespace
}  // namespace upcycle
