// Relations between the benchmarks that runs are asked and their other settings.
#include <string>

#include <gtest/gtest.h>

#include "tests/core/recipe/recipe_folder.h"
#include "tests/says.h"

namespace upcycle {
namespace {

const std::string kBase = "name: a\ndata: {train: [{kind: atlas}]}\n";

std::string Mistakes(const std::string& benchmarks, const std::string& more = "") {
  return MistakesIn(kBase + "evaluate: {benchmarks: " + benchmarks + "}\n" + more);
}

TEST(BenchmarkRelations, HoldForKnownTasksInAFolder) {
  EXPECT_EQ(Mistakes("{tasks: [mmlu, lambada_openai], folder: b, shots: 5}"), "");
  EXPECT_EQ(Mistakes("{shots: 5}"), "");
}

TEST(BenchmarkRelations, TasksAreKnownAndNamedOnce) {
  EXPECT_TRUE(Says(Mistakes("{tasks: [hellaswagg], folder: b}"), "a.yaml:3:"));
  EXPECT_TRUE(Says(Mistakes("{tasks: [hellaswagg], folder: b}"), "did you mean \"hellaswag\"?"));
  EXPECT_TRUE(Says(Mistakes("{tasks: [piqa, piqa], folder: b}"), "piqa is named twice"));
}

TEST(BenchmarkRelations, AFolderIsNamed) {
  EXPECT_TRUE(Says(Mistakes("[piqa]"), "nobody knows where the benchmarks' files are"));
}

TEST(BenchmarkRelations, ExamplesAreForThoseThatTakeThem) {
  EXPECT_TRUE(Says(Mistakes("{tasks: [truthfulqa_mc1], folder: b, shots: 1}"),
                   "truthfulqa_mc1 has examples of its own"));
}

TEST(BenchmarkRelations, ExpertsDoNotChooseAmongQuestions) {
  EXPECT_TRUE(
      Says(Mistakes("{tasks: [piqa], folder: b}",
                    "upcycle: copy\nmoe: {capacity_factor: 1, router: {choice: expert_choice, "
                    "order: softmax_then_topk}}\n"),
           "depend on the questions beside it"));
}

TEST(BenchmarkRelations, NoSourceHasTheNameOfABenchmark) {
  EXPECT_TRUE(Says(MistakesIn("name: a\ndata: {train: [{kind: atlas, name: piqa}]}\n"
                              "evaluate: {benchmarks: {tasks: [piqa], folder: b}}\n"),
                   "a source and a benchmark are both named piqa"));
}

}  // namespace
}  // namespace upcycle
