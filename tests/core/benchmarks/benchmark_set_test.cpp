#include "core/benchmarks/benchmark_set.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

std::string Refused(Benchmark benchmark, const fs::path& folder) {
  return MessageOf([&] { OpenBenchmark(benchmark, folder); });
}

TEST(BenchmarkSet, TakesTheItemsAndTheExamplesThatAreThere) {
  const TemporaryFolder folder;
  Put(folder / "lambada_test.jsonl", "{\"text\": \"the end\"}\n");
  const auto sets = OpenBenchmark(Benchmark::kLambada, folder.path());
  ASSERT_EQ(sets.size(), 1u);
  EXPECT_EQ(sets[0].items.size(), 1u);
  EXPECT_EQ(sets[0].examples.size(), 1u);
}

TEST(BenchmarkSet, SaysWhichFileItWantsInAFolderWithoutOne) {
  const TemporaryFolder folder;
  EXPECT_TRUE(Says(Refused(Benchmark::kPiqa, folder.path()),
                   "has no items of piqa: expected valid.jsonl or validation.jsonl there"));
}

TEST(BenchmarkSet, RefusesAFileWithoutItems) {
  const TemporaryFolder folder;
  Put(folder / "lambada_test.jsonl", "\n\n");
  EXPECT_TRUE(Says(Refused(Benchmark::kLambada, folder.path()), "has no items of lambada_openai"));
}

TEST(BenchmarkSet, RefusesBytesThatAreNotUtf8WithTheirLine) {
  const TemporaryFolder folder;
  Put(folder / "Test.txt", "a\ncontext \xff\n");
  EXPECT_TRUE(Says(Refused(Benchmark::kLogiQa, folder.path()), "Test.txt:2: not UTF-8"));
}

TEST(BenchmarkSet, OpensAllSubjectsOfMmlu) {
  const TemporaryFolder folder;
  for (const std::string_view subject : MmluSubjects()) {
    Put(folder / fmt::format("test/{}_test.csv", subject), "q,a,b,c,d,A\n");
    Put(folder / fmt::format("dev/{}_dev.csv", subject), "q,a,b,c,d,B\nq,a,b,c,d,C\n");
  }
  const auto sets = OpenBenchmark(Benchmark::kMmlu, folder.path());
  ASSERT_EQ(sets.size(), 57u);
  EXPECT_EQ(sets[0].subject, "abstract_algebra");
  EXPECT_EQ(sets[56].items.size(), 1u);
  EXPECT_EQ(sets[56].examples.size(), 2u);
}

TEST(BenchmarkSet, RefusesMmluWithoutAllSubjects) {
  const TemporaryFolder folder;
  Put(folder / "test/anatomy_test.csv", "q,a,b,c,d,A\n");
  const std::string message = Refused(Benchmark::kMmlu, folder.path());
  EXPECT_TRUE(Says(message, "lacks 56 of MMLU's 57 subjects"));
  EXPECT_TRUE(Says(message, "abstract_algebra, astronomy"));
}

TEST(FolderOf, KnowsTheNamesThatFoldersHave) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "ARC-Challenge");
  fs::create_directory(folder / "lambada");
  EXPECT_EQ(FolderOf(Benchmark::kArcChallenge, folder.path()), folder / "ARC-Challenge");
  EXPECT_EQ(FolderOf(Benchmark::kLambada, folder.path()), folder / "lambada");
  fs::create_directory(folder / "arc_challenge");
  EXPECT_EQ(FolderOf(Benchmark::kArcChallenge, folder.path()), folder / "arc_challenge");
  EXPECT_TRUE(Says(MessageOf([&] { FolderOf(Benchmark::kArcEasy, folder.path()); }),
                   "has no folder of arc_easy: expected arc_easy or ARC-Easy there"));
}

TEST(ContentOf, DependsOnEveryItemAndExample) {
  BenchmarkSet set = {.benchmark = Benchmark::kPiqa};
  set.items = {{.record = Fingerprint(1, 1)}, {.record = Fingerprint(2, 2)}};
  set.examples = {{.record = Fingerprint(3, 3)}};
  const Fingerprint before = ContentOf({&set, 1});
  EXPECT_EQ(ContentOf({&set, 1}), before);
  std::swap(set.items[0], set.items[1]);
  EXPECT_NE(ContentOf({&set, 1}), before);
  std::swap(set.items[0], set.items[1]);
  set.examples[0].record = Fingerprint(4, 4);
  EXPECT_NE(ContentOf({&set, 1}), before);
}

TEST(BenchmarksNamed, RefusesWhatNoBenchmarkIsCalledAndTwins) {
  EXPECT_EQ(BenchmarksNamed(std::vector<std::string>{"piqa", "mmlu"}),
            (std::vector{Benchmark::kPiqa, Benchmark::kMmlu}));
  const auto message = [](const std::vector<std::string>& names) {
    return MessageOf([&] { BenchmarksNamed(names); });
  };
  EXPECT_TRUE(Says(message({"arc_easi"}), "did you mean \"arc_easy\"?"));
  EXPECT_TRUE(Says(message({"mmlu", "mmlu"}), "mmlu is named twice"));
}

}  // namespace
}  // namespace upcycle
