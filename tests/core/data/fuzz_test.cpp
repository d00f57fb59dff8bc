// Random mutations of the files that data is read from: whatever they hold, they are read or
// refused, and what is read makes sense.
#include "tests/tools/fuzz.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "core/benchmarks/csv.h"
#include "core/benchmarks/multiple_choice.h"
#include "core/data/json_lines.h"
#include "core/data/megatron_index.h"
#include "core/data/token_source.h"
#include "core/utf8.h"
#include "tests/core/data/token_files.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

TEST(DataFuzz, AnyJsonLinesAreReadOrRefused) {
  constexpr std::array<std::string_view, 14> kWords = {"\n",
                                                       "\r\n",
                                                       "{",
                                                       "}",
                                                       "[[[[",
                                                       "\"text\":",
                                                       "\"text\": \"\"",
                                                       "\\u0000",
                                                       "\\ud800",
                                                       "\\ud83d\\ude00",
                                                       "\xEF\xBB\xBF",
                                                       "\xFF",
                                                       "\"",
                                                       "{\"text\": \"x\"}\n"};
  const std::string good =
      "{\"text\": \"one\\n\\\"two\\\" \\u00e9\", \"id\": 1, \"meta\": {\"text\": [1, 2.5e3, "
      "null]}}\n"
      "{\"id\": 2, \"text\": \"caf\xC3\xA9 \xF0\x9F\x98\x80\", \"more\": [{}, [[]], true]}\n\n"
      "{\"text\": \"\"}\n"
      "{\"text\": \"last\"}";
  ExpectReadOrRefused("json lines", good, 40000, kWords, [](const std::string& text) {
    JsonLines("text").Visit("a.jsonl", text, [&](std::string_view document) {
      EXPECT_FALSE(document.empty());
      EXPECT_LE(document.size(), text.size());
      EXPECT_EQ(ValidUtf8Prefix(document), document.size());
    });
  });
}

TEST(DataFuzz, AnyCsvIsReadOrRefused) {
  constexpr std::array<std::string_view, 9> kWords = {"\"", "\"\"", ",",    "\n",     "\r\n",
                                                      "\r", "\0",   "\xFF", ",\"x\","};
  const std::string good =
      "What is it?,\"a, or\",b,\"c \"\"quoted\"\"\",\"two\nlines\",A\n"
      "\"Where, then?\",north,south,east,west,D\n"
      "caf\xC3\xA9,1,2,3,4,C\n";
  ExpectReadOrRefused("csv", good, 40000, kWords, [](const std::string& text) {
    int64_t line = 0;
    for (const CsvRow& row : ParseCsv(text, "a.csv")) {
      EXPECT_GT(row.line, line);
      EXPECT_FALSE(row.fields.empty());
      line = row.line;
    }
  });
  ExpectReadOrRefused("questions", good, 40000, kWords, [](const std::string& text) {
    for (const MultipleChoiceItem& item : ParseMultipleChoiceCsv(text, "a.csv")) {
      ASSERT_EQ(item.choices.size(), 4u);
      EXPECT_GE(item.answer, 0);
      EXPECT_LT(item.answer, 4);
    }
  });
}

TEST(DataFuzz, AnyCsvRowComesBackAsItWasWritten) {
  constexpr std::array<std::string_view, 5> kWords = {"\"", ",", "\n", "\r\n", " "};
  for (uint64_t number = 0; number < 20000; ++number) {
    const std::string field = Mutation(number, "field").Apply("a \"field\", of\nthree", kWords);
    const auto rows = ParseCsv(FormatCsvRow({"x", field, "y"}), "a.csv");
    ASSERT_EQ(rows.size(), 1u) << number;
    EXPECT_EQ(rows[0].fields, (std::vector<std::string>{"x", field, "y"})) << number;
  }
}

// Every token that a source promises can be read.
void ReadAll(const fs::path& path) {
  const TokenSource source({path}, TokenElement::kUint16);
  const auto part = source.Part(CorpusPart::kTraining, 0);
  EXPECT_EQ(part->count(), source.CountTokens());
  if (part->count() > 1000000) return;  // an index may name the same tokens again and again
  std::vector<int32_t> tokens(static_cast<size_t>(part->count()));
  part->Read(0, tokens);
}

TEST(DataFuzz, AnyMegatronIndexIsReadOrRefused) {
  const TemporaryFolder folder;
  const fs::path bin = Put(folder / "a.bin", std::string(64, '\1')), index = folder / "a.idx";
  MegatronParts parts = MegatronOf({3, 5, 1, 8, 2, 13});
  parts.documents = {0, 2, 3, 6};
  ExpectReadOrRefused("a.idx", parts.Text(), 10000, {}, [&](const std::string& content) {
    fs::remove(index);
    Put(index, content);
    ReadAll(bin);
  });
}

TEST(DataFuzz, AnyDumpIsReadOrRefused) {
  constexpr std::array<std::string_view, 12> kWords = {"'descr': '<u2'",
                                                       "'<i8'",
                                                       "'>u4'",
                                                       "'|u1'",
                                                       "True",
                                                       "False",
                                                       "(3, 2)",
                                                       "()",
                                                       "(1,)",
                                                       "(-1,)",
                                                       "(9999999999999999,)",
                                                       "\x93NUMPY"};
  const TemporaryFolder folder;
  const std::string npy =
      Npy("{'descr': '<u2', 'fortran_order': False, 'shape': (6,), }", std::string(12, '\1'));
  const std::string llmc = Llmc(20240520, 1, 6, std::string(12, '\1'));
  for (const auto& [name, good] : {std::pair("a.npy", npy), std::pair("b.bin", llmc)}) {
    const fs::path path = folder / name;
    ExpectReadOrRefused(name, good, 5000, kWords, [&](const std::string& content) {
      fs::remove(path);
      Put(path, content);
      ReadAll(path);
    });
  }
}

}  // namespace
}  // namespace upcycle
