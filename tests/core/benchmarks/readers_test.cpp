// What the golden tests (tests/golden/benchmarks_test.cpp) do not show: files that are not as
// published.
#include "core/benchmarks/readers.h"

#include <functional>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

using Reader = std::function<BenchmarkItems(const BenchmarkText&)>;

std::string Refused(const Reader& reader, std::string_view text, std::string_view labels = "",
                    std::string_view labels_name = "") {
  return MessageOf([&] { reader({text, "x", labels, labels_name}); });
}

TEST(ReadMmlu, RefusesRecordsThatAreNoItems) {
  const auto refused = [](const std::string& rest) {
    return Refused(ReadMmluRecords, "{\"question\": \"q\", \"subject\": \"s\", " + rest + "}");
  };
  EXPECT_TRUE(Says(refused(R"("choices": ["a", "b", "c"], "answer": 0)"), "has 3 entries"));
  EXPECT_TRUE(Says(refused(R"("choices": ["a", "b", "c", "d"], "answer": 4)"),
                   "x:1: \"answer\" is 4; expected the number of the right choice, 0 to 3"));
  EXPECT_TRUE(Says(refused(R"("choices": ["a", "b", "c", 4], "answer": 0)"), "a list of strings"));
}

TEST(ReadArc, RefusesAnswersThatAreNoLabel) {
  const auto refused = [](const std::string& labels, const std::string& key) {
    return Refused(ReadArc, R"({"question": "q", "choices": {"text": ["a", "b"], "label": )" +
                                labels + R"(}, "answerKey": ")" + key + "\"}");
  };
  EXPECT_TRUE(Says(refused(R"(["A", "B"])", "C"),
                   "x:1: the answer is \"C\"; expected one of the choices' labels: A, B"));
  EXPECT_TRUE(Says(refused(R"(["A", "A"])", "A"), "two choices have the label \"A\""));
  EXPECT_TRUE(Says(refused(R"(["A"])", "A"), "\"label\" has 1 entries; expected 2"));
}

TEST(ReadArc, RefusesASingleChoice) {
  EXPECT_TRUE(Says(Refused(ReadArc, R"({"question": {"stem": "q", "choices": [{"text": "a",
                   "label": "A"}]}, "answerKey": "A"})"),
                   "x:1: not a record"));
  EXPECT_TRUE(Says(Refused(ReadArc, R"({"question": {"stem": "q", "choices": [{"text": "a", )"
                                    R"("label": "A"}]}, "answerKey": "A"})"),
                   "x:1: 1 choices; expected at least 2"));
}

TEST(ReadHellaSwag, RefusesTestSetsWithoutLabels) {
  EXPECT_TRUE(
      Says(Refused(ReadHellaSwagRecords, R"({"activity_label": "a", "ctx_a": "b", "ctx_b": "", )"
                                         R"("endings": ["1", "2", "3", "4"], "label": ""})"),
           "\"label\" is empty: a test set"));
}

TEST(ReadHellaSwag, RefusesLinesThatAreNoItem) {
  const std::string item = "Act: context.\n0\na\nb\nc\nd\n";
  EXPECT_TRUE(Says(Refused(ReadHellaSwagLines, item + item.substr(0, 18)),
                   "x:7: the last item has 3 lines; expected six"));
  EXPECT_TRUE(Says(Refused(ReadHellaSwagLines, item + "\n" + item), "x:7: \"\"; expected"));
  EXPECT_TRUE(Says(Refused(ReadHellaSwagLines, "Act: context.\n4\na\nb\nc\nd\n"),
                   "x:2: \"4\"; expected the number of the right ending, 0 to 3"));
}

TEST(ReadHellaSwag, GivesTheUnfinishedSentenceItsCapital) {
  const auto context = [](const std::string& line) {
    return ReadHellaSwagLines({line + "\n0\na\nb\nc\nd\n", "x"}).front().context;
  };
  EXPECT_EQ(context("Act: He sits. the old Man"), "Act: He sits. The old man");
  EXPECT_EQ(context("Act: He sits! Mr. Fox runs."), "Act: He sits! Mr. Fox runs.");
  EXPECT_EQ(context("Act: no sentence ends"), "Act: no sentence ends");
  EXPECT_EQ(context("Act: . \" a camel"), "Act: . \" a camel");
}

TEST(ReadPiqa, RefusesLabelsThatDoNotFitTheRecords) {
  const std::string record = "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\"}\n";
  const auto refused = [&](const std::string& text, std::string_view labels) {
    return Refused(ReadPiqa, text, labels, "x-labels.lst");
  };
  EXPECT_TRUE(
      Says(refused(record + record, "1\n"), "x-labels.lst:2: 1 labels; x has more records"));
  EXPECT_TRUE(Says(refused(record, "1\n0\n"), "x-labels.lst:2: 2 labels; x has 1 records"));
  EXPECT_TRUE(Says(refused(record, "2\n"), "x-labels.lst:1: the label is \"2\"; expected 0 or 1"));
  EXPECT_TRUE(Says(Refused(ReadPiqa, record), "x:1: no field \"label\", and no file of labels"));
}

TEST(ReadWinoGrande, RefusesAnswersThatTheLabelsContradict) {
  const std::string_view record =
      R"({"sentence": "a _ b", "option1": "x", "option2": "y", "answer": "1"})";
  EXPECT_TRUE(Says(Refused(ReadWinoGrande, record, "2\n", "x-labels.lst"),
                   "x:1: \"answer\" is 1, and the file of labels says 2"));
}

TEST(ReadWinoGrande, RefusesSentencesWithoutABlank) {
  EXPECT_TRUE(Says(Refused(ReadWinoGrande, R"({"sentence": "a b", "option1": "x"})"),
                   "x:1: \"sentence\" has no blank _ to fill"));
}

TEST(ReadBoolQ, RefusesRecordsWithoutAnAnswer) {
  EXPECT_TRUE(
      Says(Refused(ReadBoolQ, R"({"passage": "p", "question": "q"})"), "x:1: no field \"answer\""));
}

TEST(ReadLogiQa, RefusesBlocksThatAreNoItem) {
  const std::string item = "a\ncontext\nquestion\nA.1\nB.2\nC.3\nD.4\n";
  EXPECT_TRUE(Says(Refused(ReadLogiQaLines, item + "\n" + item.substr(0, 23)),
                   "x:9: an item of 4 lines; expected seven"));
  EXPECT_TRUE(Says(Refused(ReadLogiQaLines, "e" + item.substr(1)), "x:1: the label is \"e\""));
}

TEST(ReadLogiQa, TakesOptionsWithTheWrongLetterAsTheyStand) {
  const auto items = ReadLogiQaLines({"a\nc\nq\nA.No.1\nC 2\nC.3\nWhy\n", "x"});
  EXPECT_EQ(items[0].choices, (std::vector<std::string>{"No. 1", "2", "3", "y"}));
}

TEST(ReadTruthfulQa, RefusesTargetsWithoutOneRightChoice) {
  EXPECT_TRUE(Says(Refused(ReadTruthfulQa, R"({"question": "q", "mc1_targets": {"a": 1, "b": 1}})"),
                   "one labelled 1 and the others 0"));
  EXPECT_TRUE(Says(Refused(ReadTruthfulQa,
                           R"({"question": "q", "mc1_targets": {"choices": ["a"], "labels": []}})"),
                   "\"labels\" has 0 entries; expected 1"));
  EXPECT_TRUE(Says(
      Refused(ReadTruthfulQa, R"({"question": "q", "mc1_targets": {"a": 4294967297, "b": 0}})"),
      "one labelled 1 and the others 0"));
}

TEST(ReadTruthfulQa, RefusesAChoiceThatStandsTwice) {
  EXPECT_TRUE(Says(Refused(ReadTruthfulQa, R"({"question": "q", "mc1_targets": {"a": 1, "a": 0}})"),
                   "stands twice"));
}

TEST(ReadLambada, RefusesTextsWithoutALastWord) {
  EXPECT_TRUE(Says(Refused(ReadLambada, "{\"text\": \"a b \"}"), "does not end in a word"));
  EXPECT_TRUE(Says(Refused(ReadLambada, "{\"text\": \"\"}"), "does not end in a word"));
}

// Whatever a byte becomes: items or a refusal, never anything else.
void ExpectItemsOrRefusal(const Reader& reader, std::string_view text, std::string_view name) {
  const RandomStream stream(7, name);
  for (uint64_t i = 0; i < 2000; ++i) {
    std::string changed(text.substr(0, stream.Below(3 * i, text.size() + 1)));
    if (!changed.empty()) {
      changed[stream.Below(3 * i + 1, changed.size())] =
          static_cast<char>(stream.Below(3 * i + 2, 256));
    }
    try {
      reader({changed, "x"});
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kInput) << changed;
    }
  }
}

TEST(Readers, OfChangedBytesGiveItemsOrRefuse) {
  const auto read_mmlu = [](const BenchmarkText& source) { return ReadMmluCsv(source, "s"); };
  ExpectItemsOrRefusal(read_mmlu, "q,\"a, b\",\"c\nc\",d,e,A\nq,1,2,3,4,D\n", "mmlu");
  ExpectItemsOrRefusal(ReadHellaSwagLines, "Act: [a] It. the\n1\na\nb\nc\nd\n", "hellaswag");
  ExpectItemsOrRefusal(ReadLogiQaLines, "\na\nc.\nq\nA.1\nB.2\nC.3\nD.4\n\n", "logiqa");
  ExpectItemsOrRefusal(ReadArc,
                       R"({"question": {"stem": "é", "choices": [{"text": "a", "label": "1"}, )"
                       R"({"text": "b", "label": "2"}]}, "answerKey": "2"})",
                       "arc");
  ExpectItemsOrRefusal(
      ReadTruthfulQa,
      R"([{"question": "q", "mc1_targets": {"a": 1, "b": 0}}, )"
      R"({"question": "q", "mc1_targets": {"choices": ["a", "b"], "labels": [1, 0]}}])",
      "truthfulqa");
  ExpectItemsOrRefusal(ReadWinoGrande,
                       R"({"sentence": "a _ b", "option1": "x", "option2": "y", "answer": "1"})",
                       "winogrande");
}

}  // namespace
}  // namespace upcycle
