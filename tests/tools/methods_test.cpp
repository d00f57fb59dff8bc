// One run of every way to start from a parent, through the program itself.
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/ledger/ledger_reader.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr const char* kRecipe = R"(
name: methods
model: {layers: 2, width: 16, heads: 2, ffn_width: 24, sequence_length: 32}
data:
  tokenizer: bytes
  train:
    - {name: here, kind: atlas, people: 8}
    - {name: there, kind: atlas, people: 8, world_seed: 5}
parent:
  keep_optimizer: true
  train: {tokens: 10k, batch_sequences: 8, learning_rate: {warmup_steps: 5}}
moe:
  {expansion: 4, layers: [1], router: {order: topk_then_softmax, balance_scope: global}}
train: {tokens: 10k, batch_sequences: 8, micro_batch_sequences: 2, learning_rate: {warmup_steps: 5}}
evaluate: {sequences: 8, questions: 8}
arms:
  - {name: dense, upcycle: none}
  - {name: dense carry, upcycle: {method: none, optimizer: carry}}
  - {name: copy, upcycle: copy}
  - {name: copy carry, upcycle: {method: copy, optimizer: carry}}
  - {name: groups carry, upcycle: {method: virtual_groups, optimizer: carry}, moe.granularity: 2}
  - {name: drop, upcycle: drop}
  - {name: noise, upcycle: noise}
  - {name: qwen, upcycle: qwen, moe.granularity: 2}
  - {name: split, upcycle: split, moe.granularity: 4, moe.expansion: 1}
  - {name: branches, upcycle: {method: branch_train_mix, branches: 3, branch_tokens: 5k}}
  - name: ramp
    upcycle: copy
    train.batch_ramp: {start_sequences: 2, increment_sequences: 2, tokens: 4k}
baseline: dense
table: {columns: [validation/loss]}
seeds: [0, 1]
)";

class Methods : public testing::Test {
 protected:
  Methods() { Put(folder_ / "methods.yaml", kRecipe); }

  Finished Do(std::vector<std::string> words) const {
    words.insert(words.end(), {"--root", (folder_ / "runs").native()});
    return RunProgram(words);
  }
  Finished Run() const { return Do({"run", (folder_ / "methods.yaml").native(), "--json"}); }

  TemporaryFolder folder_;
};

TEST_F(Methods, AllRunToTheEndAndOnlyOnce) {
  const Finished run = Run();
  ASSERT_EQ(run.exit_code, 0) << run.err;
  // Shared: tokens, parent, its evaluation, three branches; `copy carry` and `ramp` start as `copy`
  // does. Of each seed: 11 trainings and evaluations, 7 starts.
  EXPECT_EQ(json::parse(run.out).at("done"), 6 + 2 * (11 + 11 + 7));
  const Finished again = Run();
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(json::parse(again.out).at("done"), 0);

  LedgerReader ledger(folder_ / "runs/ledger.sqlite");
  const StudyFacts study = ledger.ReadStudy("methods");
  std::map<std::string, double> error;  // of the logits at the start, seed 0
  for (const ArmFacts& arm : study.arms) {
    const RunFacts& first = arm.runs.at(0);
    EXPECT_EQ(first.stages.size(), (arm.name == "branches"          ? 9u
                                    : arm.name.starts_with("dense") ? 5u
                                                                    : 6u));
  }
  StudyFacts with_values = study;
  ledger.ReadValues(&with_values, std::vector<std::string>{"start/logit_error"});
  for (const ArmFacts& arm : with_values.arms) {
    const auto& values = arm.runs.at(0).values;
    if (!values.empty()) error[arm.name] = values.at("start/logit_error").value;
  }
  EXPECT_EQ(error.size(), 9u);
  EXPECT_LT(error.at("copy"), 1e-5);
  for (const char* arm : {"drop", "noise", "qwen", "split", "branches"}) {
    EXPECT_GT(error.at(arm), 1e-4) << arm;
  }
}

TEST_F(Methods, NameTheSunkComputeOfBranchesUnderTheTable) {
  ASSERT_EQ(Run().exit_code, 0);
  const Finished table = Do({"compare", "methods"});
  EXPECT_TRUE(Says(table.out + table.err, "Branches. Those of branches had cost"));
}

}  // namespace
}  // namespace upcycle
