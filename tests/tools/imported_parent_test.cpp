// From a trained model to the world's format and back: what a study leaves is converted, and
// another study takes it as its parent with its tokenizer.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

constexpr const char* kFirst = R"(
name: first
model: {layers: 2, width: 16, heads: 2, ffn_width: 24, sequence_length: 32}
data: {tokenizer: bytes, train: [{kind: atlas, people: 8}]}
parent: {train: {tokens: 4k, batch_sequences: 8, learning_rate: {warmup_steps: 2}}}
train: {tokens: 2k, batch_sequences: 8, learning_rate: {warmup_steps: 1}}
evaluate: {sequences: 8, questions: 4}
upcycle: none
)";

constexpr const char* kSecond = R"(
name: second
model: {from: PARENT}
data: {tokenizer: {kind: file, path: PARENT}, train: [{kind: atlas, people: 8}]}
train: {tokens: 2k, batch_sequences: 8, learning_rate: {warmup_steps: 1}}
evaluate: {sequences: 8, questions: 4}
moe: {expansion: 2, router: topk_then_softmax}
arms: [{name: dense, upcycle: none}, {name: moe, upcycle: copy}]
allow: [unequal_compute, untuned_rate]
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at; (at = text.find(from)) != std::string::npos;) text.replace(at, from.size(), to);
  return text;
}

fs::path ParentOf(const fs::path& root, const std::string& study) {
  const StudyFacts facts = LedgerReader(root / "ledger.sqlite").ReadStudy(study);
  const size_t parent = facts.arms.at(0).runs.at(0).stages.at(StageRole::kParent);
  return root / "stages" / facts.stages.at(parent).fingerprint.Hex() / "model";
}

std::vector<double> ParentLosses(const fs::path& root, const std::string& study) {
  LedgerReader ledger(root / "ledger.sqlite");
  return ledger.ReadParentValues(ledger.ReadStudy(study), "validation/loss");
}

class ImportedParent : public testing::Test {
 protected:
  void SetUp() override {
    Put(folder_ / "first.yaml", kFirst);
    ASSERT_EQ(Run("first.yaml").exit_code, 0);
    const Finished converted = RunProgram(
        {"convert", ParentOf(root_, "first").native(), "-o", (folder_ / "model").native()});
    ASSERT_EQ(converted.exit_code, 0) << converted.err;
    EXPECT_TRUE(Says(converted.err, "llama as dense"));
  }

  Finished Run(const char* recipe) {
    return RunProgram({"run", (folder_ / recipe).native(), "--root", root_.native(), "-j", "2"});
  }

  TemporaryFolder folder_;
  fs::path root_ = folder_ / "runs";
};

// Float32 goes out and comes in to the bit, so that the parent is the same model.
TEST_F(ImportedParent, IsTheModelThatItWas) {
  Put(folder_ / "second.yaml", Replaced(kSecond, "PARENT", (folder_ / "model").native()));
  const Finished run = Run("second.yaml");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(ParentLosses(root_, "second"), ParentLosses(root_, "first"));
  EXPECT_EQ(ParentLosses(root_, "second").size(), 1u);

  fs::rename(folder_ / "model", folder_ / "moved");
  Put(folder_ / "second.yaml", Replaced(kSecond, "PARENT", (folder_ / "moved").native()));
  EXPECT_TRUE(Says(Run("second.yaml").err, "nothing to do"));
}

TEST_F(ImportedParent, ReadsNoSource) {
  Put(folder_ / "second.yaml", Replaced(kSecond, "PARENT", (folder_ / "model").native()));
  const Finished plan =
      RunProgram({"plan", (folder_ / "second.yaml").native(), "--root", root_.native()});
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_TRUE(Says(plan.out, "  dense: atlas "));
  EXPECT_FALSE(Says(plan.out, "parent of dense"));
}

TEST_F(ImportedParent, IsNamedWhereItIsNotWhatTheRecipeSays) {
  const std::string wider = Replaced(kSecond, "{from: PARENT}", "{from: PARENT, ffn_width: 32}");
  Put(folder_ / "wider.yaml", Replaced(wider, "PARENT", (folder_ / "model").native()));
  const Finished refused = Run("wider.yaml");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(Says(refused.err, "wider.yaml:3:"));
  EXPECT_TRUE(Says(refused.err, "ffn_width is 24 in "));

  Put(folder_ / "nowhere.yaml", Replaced(kSecond, "PARENT", (folder_ / "nowhere").native()));
  const Finished missing = Run("nowhere.yaml");
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_TRUE(Says(missing.err, "nowhere.yaml:3:"));
  EXPECT_TRUE(Says(missing.err, "has no config.json"));
}

}  // namespace
}  // namespace upcycle
