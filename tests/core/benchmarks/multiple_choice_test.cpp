#include "core/benchmarks/multiple_choice.h"

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/core/data/real_data.h"
#include "tests/says.h"

namespace upcycle {
namespace {

const MultipleChoiceItem kItem = {"  Which is a fruit?\n", {"stone", "apple", "chair", "fork"}, 1};
const MultipleChoiceItem kExample = {"Two and two?", {"3", "5", "4", "6"}, 2};

TEST(MultipleChoice, ReadsMmluRows) {
  const auto items =
      ParseMultipleChoiceCsv("Q one,a,b,c,d,B\n\"Q, \"\"two\"\"\nlines\",1,2,3,4,D\n", "x.csv");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0], (MultipleChoiceItem{"Q one", {"a", "b", "c", "d"}, 1}));
  EXPECT_EQ(items[1], (MultipleChoiceItem{"Q, \"two\"\nlines", {"1", "2", "3", "4"}, 3}));
}

TEST(MultipleChoice, RefusesRowsThatAreNoItemsWithTheirLine) {
  const auto parse = [](std::string_view text) {
    return MessageOf([&] { ParseMultipleChoiceCsv(text, "x.csv"); });
  };
  EXPECT_TRUE(Says(parse("q,a,b,c,d,A\nq,a,b,c,A\n"), "x.csv:2: 5 fields"));
  EXPECT_TRUE(Says(parse("q,a,b,c,d,E\n"), "x.csv:1: the answer is \"E\""));
  EXPECT_TRUE(Says(parse("q,a,b,c,d,AB\n"), "x.csv:1: the answer is \"AB\""));
  EXPECT_TRUE(Says(parse("q,a,b,c,d,\n"), "x.csv:1: the answer is \"\""));
  EXPECT_TRUE(Says(parse(" ,a,b,c,d,A\n"), "x.csv:1: the question is empty"));
}

TEST(MultipleChoice, WhatIsWrittenIsReadBack) {
  const std::vector<MultipleChoiceItem> items = {kItem, kExample};
  EXPECT_EQ(ParseMultipleChoiceCsv(FormatMultipleChoiceCsv(items), "x.csv"), items);
}

TEST(MultipleChoice, LetterPromptsAreThoseOfTheHarness) {
  const Prompt prompt = BuildPrompt(kItem, {}, ChoiceStyle::kLetter);
  EXPECT_EQ(prompt.context, "Which is a fruit?\nA. stone\nB. apple\nC. chair\nD. fork\nAnswer:");
  EXPECT_EQ(prompt.continuations, (std::vector<std::string>{" A", " B", " C", " D"}));
}

TEST(MultipleChoice, ClozePromptsAreThoseOfTheHarness) {
  const Prompt prompt = BuildPrompt(kItem, {}, ChoiceStyle::kCloze);
  EXPECT_EQ(prompt.context, "Question: Which is a fruit?\nAnswer:");
  EXPECT_EQ(prompt.continuations,
            (std::vector<std::string>{" stone", " apple", " chair", " fork"}));
}

TEST(MultipleChoice, ExamplesComeSolvedBeforeTheQuestion) {
  const std::vector<MultipleChoiceItem> examples = {kExample, kExample};
  EXPECT_EQ(BuildPrompt(kItem, examples, ChoiceStyle::kCloze, "About things.\n\n").context,
            "About things.\n\n"
            "Question: Two and two?\nAnswer: 4\n\n"
            "Question: Two and two?\nAnswer: 4\n\n"
            "Question: Which is a fruit?\nAnswer:");
  EXPECT_EQ(BuildPrompt(kItem, std::span(examples).first(1), ChoiceStyle::kLetter).context,
            "Two and two?\nA. 3\nB. 5\nC. 4\nD. 6\nAnswer: C\n\n"
            "Which is a fruit?\nA. stone\nB. apple\nC. chair\nD. fork\nAnswer:");
}

TEST(MultipleChoice, ReadsAllOfMmlu) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  for (const auto& [split, expected] : {std::pair("dev", 285u), std::pair("test", 14042u)}) {
    size_t items = 0;
    for (const auto& entry : fs::directory_iterator(*RealData() / "mmlu" / split)) {
      items += ReadMultipleChoiceCsv(entry.path()).size();
    }
    EXPECT_EQ(items, expected) << split;
  }
}

}  // namespace
}  // namespace upcycle
