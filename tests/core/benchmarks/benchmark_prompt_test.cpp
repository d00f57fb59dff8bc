#include "core/benchmarks/benchmark_prompt.h"

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

BenchmarkItem ItemCalled(const std::string& name) {
  BenchmarkItem item;
  item.context = "Q " + name;
  item.choices = {"no", "yes"};
  item.answer = 1;
  item.record = Hasher().Add(name).Finish();
  return item;
}

BenchmarkSet SetOf(Benchmark benchmark, size_t examples) {
  BenchmarkSet set{.benchmark = benchmark};
  for (size_t i = 0; i < 4; ++i) set.items.push_back(ItemCalled("item " + std::to_string(i)));
  for (size_t i = 0; i < examples; ++i) {
    set.examples.push_back(ItemCalled("example " + std::to_string(i)));
  }
  set.examples_file = "train.jsonl";
  return set;
}

TEST(BenchmarkPrompt, SolvedExamplesComeFirst) {
  const BenchmarkSet set = SetOf(Benchmark::kBoolQ, 3);
  EXPECT_EQ(PromptsOf(set, set.items[0], std::vector<uint32_t>{2, 0}),
            (std::vector<ScoredText>{{"Q example 2 yes\n\nQ example 0 yes\n\nQ item 0", " no"},
                                     {"Q example 2 yes\n\nQ example 0 yes\n\nQ item 0", " yes"}}));
}

TEST(ChooseExamples, OfMmluAreTheFirst) {
  const auto chosen = ChooseExamples(SetOf(Benchmark::kMmlu, 5), 4, 3);
  EXPECT_EQ(chosen, (std::vector<std::vector<uint32_t>>(4, {0, 1, 2})));
}

TEST(ChooseExamples, OfTheFirstItemsAreThoseOfAllItems) {
  const BenchmarkSet set = SetOf(Benchmark::kSciQ, 9);
  auto all = ChooseExamples(set, 4, 3);
  all.resize(2);
  EXPECT_EQ(ChooseExamples(set, 2, 3), all);
}

TEST(ChooseExamples, DependOnTheSeed) {
  const BenchmarkSet set = SetOf(Benchmark::kSciQ, 50);
  EXPECT_NE(ChooseExamples(set, 4, 3, 1), ChooseExamples(set, 4, 3, 2));
}

TEST(ChooseExamples, NeverAreTheItemItself) {
  BenchmarkSet set = SetOf(Benchmark::kBoolQ, 3);
  for (int copies = 0; copies < 4; ++copies) set.examples.push_back(set.items[0]);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto chosen = ChooseExamples(set, 1, 3, seed);
    ASSERT_EQ(chosen[0].size(), 3u);
    for (const uint32_t index : chosen[0]) EXPECT_LT(index, 3u);
  }
}

TEST(ChooseExamples, RefusesMoreThanThereAre) {
  EXPECT_TRUE(Says(MessageOf([] { ChooseExamples(SetOf(Benchmark::kSciQ, 2), 4, 3); }),
                   "3 solved examples before each item need 3 to choose from; train.jsonl has 2"));
  EXPECT_TRUE(Says(MessageOf([] { ChooseExamples(SetOf(Benchmark::kPiqa, 3), 4, 3); }),
                   "need 4 to choose from"));
  BenchmarkSet copies = SetOf(Benchmark::kPiqa, 2);
  copies.examples.insert(copies.examples.end(), 4, copies.items[0]);
  EXPECT_TRUE(Says(MessageOf([&] { ChooseExamples(copies, 4, 3); }),
                   "has 2 examples besides the item itself"));
}

TEST(ChooseExamples, RefusesTruthfulQaWhichHasItsOwn) {
  EXPECT_TRUE(Says(MessageOf([] { ChooseExamples(SetOf(Benchmark::kTruthfulQaMc1, 9), 4, 1); }),
                   "truthfulqa_mc1 has its own solved examples"));
}

}  // namespace
}  // namespace upcycle
