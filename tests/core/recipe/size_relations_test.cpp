// Recipes of models, batches and budgets beyond what can be counted.
#include <string>

#include <gtest/gtest.h>

#include "tests/core/recipe/recipe_folder.h"
#include "tests/says.h"

namespace upcycle {
namespace {

const std::string kBase = "name: a\ndata: {train: [{kind: atlas}]}\n";

TEST(SizeRelations, RefuseMoreExpertsThanCanBeNamed) {
  const std::string moe = "upcycle: virtual_groups\nmodel: {ffn_width: 4096, layers: 4}\n";
  EXPECT_EQ(MistakesIn(kBase + moe + "moe: {expansion: 4096, granularity: 64, top_k: 64}\n"), "");
  EXPECT_TRUE(
      Says(MistakesIn(kBase + moe + "moe: {expansion: 4096, granularity: 128, top_k: 64}\n"),
           "a.yaml:5:37: error: 4 layers of 524288 experts are 2.1e+06 experts in all\n"
           "  moe: {expansion: 4096, granularity: 128, top_k: 64}\n"
           "                                      ^\n"
           "  expected moe.expansion · moe.granularity over all layers to be at most 1048576\n"));
}

TEST(SizeRelations, RefuseMoreParametersThanCanBeSummed) {
  const std::string model = "model: {width: 65536, layers: 1024, ffn_width: 131072, heads: 64";
  EXPECT_EQ(MistakesIn(kBase + model + "}\n"), "");
  EXPECT_TRUE(Says(MistakesIn(kBase + model + "}\nupcycle: copy\nmoe: {expansion: 64}\n"),
                   "a model of 1.71e+15 parameters"));
}

TEST(SizeRelations, RefuseMicroBatchesThatNoMemoryHolds) {
  const std::string batch =
      "model: {sequence_length: 1048576}\n"
      "train: {tokens: 1e15, batch_sequences: 1048576";
  EXPECT_TRUE(Says(MistakesIn(kBase + "model: {sequence_length: 1048576, layers: 64}\n"
                                      "train: {tokens: 1e15, batch_sequences: 1048576}\n"
                                      "parent: {train: {tokens: 1G, batch_sequences: 1}}\n"),
                   "a smaller train.micro_batch_sequences"));
  EXPECT_EQ(MistakesIn(kBase + batch +
                       ", micro_batch_sequences: 1}\n"
                       "parent: {train: {tokens: 1G, batch_sequences: 1}}\n"),
            "");
}

TEST(SizeRelations, RefuseAMatchOfMoreTokensThanARunMayHave) {
  EXPECT_TRUE(Says(MistakesIn(kBase + "train: {tokens: 1e15}\nmatch: train_flops\n"
                                      "baseline: big\narms:\n"
                                      "  - {name: big, upcycle: none, model.width: 65536}\n"
                                      "  - {name: small, upcycle: none}\n"),
                   "arm \"small\" would need more than 1e+15 tokens"));
}

}  // namespace
}  // namespace upcycle
