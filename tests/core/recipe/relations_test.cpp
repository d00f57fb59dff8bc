// Relations between settings, each reported under the setting that breaks it.
#include <string>

#include <gtest/gtest.h>

#include "tests/core/recipe/recipe_folder.h"
#include "tests/says.h"

namespace upcycle {
namespace {

const std::string kBase = "name: a\ndata: {train: [{kind: atlas}]}\n";
const std::string kUpcycled = kBase + "upcycle: copy\n";

// The mistakes of the base with one more line, line 3 or 4.
std::string Dense(const std::string& line) { return MistakesIn(kBase + line + "\n"); }
std::string Moe(const std::string& line) { return MistakesIn(kUpcycled + line + "\n"); }

TEST(Relations, HoldForTheDefaults) {
  EXPECT_EQ(MistakesIn(kBase), "");
  EXPECT_EQ(MistakesIn(kUpcycled), "");
  EXPECT_EQ(WarningsIn(kUpcycled), "");
}

TEST(Relations, WidthIsDivisibleByHeads) {
  EXPECT_EQ(
      Dense("model: {width: 100, heads: 3}"),
      "a.yaml:3:28: error: a width of 100 cannot be divided into 3 heads\n"
      "  model: {width: 100, heads: 3}\n"
      "                             ^\n"
      "  expected model.width to be a multiple of model.heads, or model.head_width to be set\n");
  EXPECT_EQ(Dense("model: {width: 90}").substr(0, 69),
            "a.yaml:3:16: error: a width of 90 cannot be divided into 4 heads\n  mo");
  EXPECT_EQ(Dense("model: {width: 100, heads: 3, head_width: 8}"), "");
}

TEST(Relations, HeadsAreEvenlyWide) {
  EXPECT_EQ(Dense("model: {width: 12, heads: 4}"),
            "a.yaml:3:27: error: heads are 3 wide, and rotary positions need pairs\n"
            "  model: {width: 12, heads: 4}\n"
            "                            ^\n"
            "  expected an even head width\n");
  EXPECT_EQ(Dense("model: {head_width: 7}").substr(0, 12), "a.yaml:3:21:");
}

TEST(Relations, KeyValueHeadsDivideHeads) {
  EXPECT_EQ(Dense("model: {kv_heads: 3}"),
            "a.yaml:3:19: error: 4 query heads cannot share 3 key-value heads evenly\n"
            "  model: {kv_heads: 3}\n"
            "                    ^\n"
            "  expected model.heads to be a multiple of model.kv_heads\n");
  EXPECT_NE(Dense("model: {kv_heads: 8}"), "");
}

TEST(Relations, HeadsHaveAPairToRotate) {
  EXPECT_TRUE(Says(MistakesIn(kBase + "model: {heads: 64, rotary_share: 0.25}\n"),
                   "a share of 0.25 of 2 numbers leaves no pair to rotate"));
  EXPECT_EQ(MistakesIn(kBase + "model: {heads: 4, rotary_share: 0.25}\n"), "");
}

TEST(Relations, FrequenciesAreScaledBetweenTwo) {
  const std::string scaling =
      "model: {rope_scaling: {kind: llama3, low_frequency_factor: 4, high_frequency_factor: ";
  EXPECT_TRUE(Says(MistakesIn(kBase + scaling + "4}}\n"), "no frequency lies between"));
  EXPECT_EQ(MistakesIn(kBase + scaling + "5}}\n"), "");
}

TEST(Relations, ExpertsAreThoseOfFamiliesThatHaveNeitherBiasesNorNormsBehind) {
  const auto mistakes = [](const char* family) {
    return MistakesIn(kBase + "upcycle: copy\nmodel: {family: " + family + "}\n");
  };
  EXPECT_TRUE(Says(mistakes("gpt2"), "families whose MLPs have no biases, and gpt2 is none"));
  EXPECT_TRUE(Says(mistakes("neox"), "neox is none of them"));
  EXPECT_TRUE(Says(mistakes("olmo2"), "take the norm of an MLP's input, and olmo2 is none"));
  for (const char* family : {"llama", "mistral", "qwen2", "qwen3", "gemma", "olmo", "olmoe"}) {
    EXPECT_EQ(mistakes(family), "") << family;
  }
}

TEST(Relations, AKnownModelHasARowForEveryToken) {
  const auto mistakes = [](const std::string& vocabulary) {
    return MistakesIn(
        "name: a\nmodel: stories-260k\ndata:\n  train: [{kind: atlas}]\n"
        "  tokenizer: {kind: bpe, vocabulary: " +
        vocabulary + "}\n");
  };
  EXPECT_EQ(mistakes("512"), "");
  EXPECT_EQ(
      mistakes("520"),
      "a.yaml:5:38: error: the model's embedding of 512 rows has none for some of 520 tokens\n"
      "    tokenizer: {kind: bpe, vocabulary: 520}\n"
      "                                       ^\n"
      "  expected a model.vocabulary of at least 520 (0: that of the tokenizer), or a "
      "tokenizer of at most 512 tokens\n");
}

TEST(Relations, GranularityDividesTheWidth) {
  EXPECT_EQ(MistakesIn(kBase + "upcycle: virtual_groups\nmoe: {granularity: 5, top_k: 5}\n"),
            "a.yaml:4:20: error: an MLP of width 384 cannot be cut into 5 parts\n"
            "  moe: {granularity: 5, top_k: 5}\n"
            "                     ^\n"
            "  expected moe.granularity to divide model.ffn_width\n");
}

TEST(Relations, TopKIsAtMostTheExperts) {
  EXPECT_EQ(Moe("moe: {expansion: 4, top_k: 5}"),
            "a.yaml:4:28: error: a token cannot be sent to 5 of 4 experts\n"
            "  moe: {expansion: 4, top_k: 5}\n"
            "                             ^\n"
            "  expected moe.top_k to be at most moe.expansion · moe.granularity\n");
}

TEST(Relations, TopKThenSoftmaxNeedsTwoExperts) {
  EXPECT_EQ(
      Moe("moe: {top_k: 1, router: topk_then_softmax}"),
      "a.yaml:4:14: error: topk_then_softmax of one expert is always 1, so no gradient reaches "
      "the router\n"
      "  moe: {top_k: 1, router: topk_then_softmax}\n"
      "               ^\n"
      "  expected moe.top_k of at least 2, or moe.router.order: softmax_then_topk\n");
  EXPECT_EQ(Moe("moe: {top_k: 1}"), "");
}

TEST(Relations, ExpertSettingsDoNotMatterToADenseRun) {
  EXPECT_EQ(Dense("moe: {top_k: 64, expansion: 1, layers: [99]}"), "");
}

TEST(Relations, ListedLayersExistAndAscend) {
  EXPECT_EQ(Moe("moe: {layers: [0, 4]}"),
            "a.yaml:4:15: error: there is no layer 4 in a model of 4 layers\n"
            "  moe: {layers: [0, 4]}\n"
            "                ^\n"
            "  expected layer numbers from 0 to 3\n");
  EXPECT_EQ(Moe("moe: {layers: [1, 1]}"),
            "a.yaml:4:15: error: layer 1 stands after layer 1\n"
            "  moe: {layers: [1, 1]}\n"
            "                ^\n"
            "  expected layer numbers in ascending order, each once\n");
  EXPECT_EQ(
      MistakesIn(kUpcycled + "model: {layers: 1}\nmoe: {layers: every_other}\n").substr(0, 59),
      "a.yaml:5:15: error: every_other layer of one layer is none\n");
}

TEST(Relations, MicroBatchesDivideTheBatch) {
  EXPECT_EQ(Dense("train: {micro_batch_sequences: 5}"),
            "a.yaml:3:32: error: a batch of 16 sequences cannot be split into micro-batches of 5\n"
            "  train: {micro_batch_sequences: 5}\n"
            "                                 ^\n"
            "  expected train.micro_batch_sequences to divide train.batch_sequences\n");
  EXPECT_EQ(Dense("parent: {train: {micro_batch_sequences: 32}}").substr(0, 12), "a.yaml:3:41:");
}

TEST(Relations, ARampLeadsToTheBatch) {
  EXPECT_EQ(Dense("train: {batch_ramp: {start_sequences: 4, increment_sequences: 5, tokens: 9k}}"),
            "a.yaml:3:39: error: a batch of 4 sequences does not grow to 16 by 5 at a time\n"
            "  train: {batch_ramp: {start_sequences: 4, increment_sequences: 5, tokens: 9k}}\n"
            "                                        ^\n"
            "  expected the increments to lead from the start to the whole batch\n");
  EXPECT_NE(Dense("train: {batch_ramp: {start_sequences: 32, increment_sequences: 4, tokens: 9k}}"),
            "");
  EXPECT_NE(Dense("train: {batch_ramp: {start_sequences: 4, tokens: 9k}}"), "");
  EXPECT_NE(Dense("train: {batch_ramp: {start_sequences: 4, increment_sequences: 4}}"), "");
}

TEST(Relations, ARampHasABoundedNumberOfSizes) {
  EXPECT_EQ(
      Dense("train: {batch_sequences: 8193, micro_batch_sequences: 1, tokens: 10M, batch_ramp: "
            "{start_sequences: 1, increment_sequences: 1, tokens: 9k}}")
          .substr(0, 68),
      "a.yaml:3:125: error: a batch that grows from 1 to 8193 by 1 has 8192");
}

TEST(Relations, MicroBatchesDivideEveryBatchOfARamp) {
  const std::string ramp = "batch_ramp: {start_sequences: 4, increment_sequences: 6, tokens: 9k}}";
  EXPECT_EQ(Dense("train: {" + ramp),
            "a.yaml:3:39: error: batches from 4 by 6 sequences cannot be split into micro-batches "
            "of 16\n"
            "  train: {" +
                ramp +
                "\n"
                "                                        ^\n"
                "  expected train.micro_batch_sequences to divide both, such as 2\n");
  EXPECT_EQ(Dense("train: {micro_batch_sequences: 2, " + ramp), "");
  EXPECT_EQ(Dense("parent: {train: {" + ramp + "}").substr(0, 12), "a.yaml:3:48:");
}

TEST(Relations, ARampThatDoesNotEndIsAWarning) {
  const std::string train =
      "train: {tokens: 20k, learning_rate: {warmup_steps: 0}, micro_batch_sequences: 4, "
      "batch_ramp: {start_sequences: 4, increment_sequences: 4, tokens: 20k}}\n";
  EXPECT_NE(WarningsIn(kBase + train).find("a ramp of 20000 tokens does not end in a run of 20000"),
            std::string::npos);
}

TEST(Relations, TokensMakeABatch) {
  EXPECT_EQ(Dense("train: {tokens: 2047}"),
            "a.yaml:3:17: error: 2047 tokens are less than one batch of 16 · 128 = 2048\n"
            "  train: {tokens: 2047}\n"
            "                  ^\n"
            "  expected train.tokens of at least 2048\n");
  EXPECT_EQ(Dense("train: {tokens: 2048, learning_rate: {warmup_steps: 0}}"), "");
}

TEST(Relations, RatesFall) {
  EXPECT_EQ(Dense("train: {learning_rate: {peak: 1e-5}}"),
            "a.yaml:3:31: error: the rate would end at 0.0001, above its peak of 1e-05\n"
            "  train: {learning_rate: {peak: 1e-5}}\n"
            "                                ^\n"
            "  expected train.learning_rate.minimum to be at most train.learning_rate.peak\n");
  EXPECT_EQ(Dense("train: {learning_rate: {peak: 1e-5, schedule: constant}}"), "");
  EXPECT_EQ(Dense("train: {learning_rate: {peak: 1e-5, start: continue}}"), "");
}

TEST(Relations, InverseSquareRootNeedsAWarmUp) {
  EXPECT_EQ(
      Dense("train: {learning_rate: {schedule: inverse_square_root, warmup_steps: 0}}"),
      "a.yaml:3:70: error: inverse_square_root falls with the root of the warm-up, which has no "
      "steps\n"
      "  train: {learning_rate: {schedule: inverse_square_root, warmup_steps: 0}}\n"
      "                                                                       ^\n"
      "  expected train.learning_rate.warmup_steps of at least 1\n");
}

TEST(Relations, AWarmUpThatDoesNotEndIsAWarning) {
  EXPECT_EQ(WarningsIn(kBase + "train: {tokens: 20480, learning_rate: {warmup_steps: 10}}\n"),
            "a.yaml:3:54: warning: a warm-up of 10 steps does not end in a run of 10\n"
            "  train: {tokens: 20480, learning_rate: {warmup_steps: 10}}\n"
            "                                                       ^\n");
  EXPECT_EQ(WarningsIn(kBase + "train: {tokens: 20480, learning_rate: {warmup_steps: 9}}\n"), "");
}

TEST(Relations, AWarmUpThatMeetsTheDecayIsAWarning) {
  EXPECT_EQ(
      WarningsIn(kBase + "train: {learning_rate: {schedule: warmup_stable_decay, warmup_steps: "
                         "300, decay_share: 0.5}}\n")
          .substr(0, 78),
      "a.yaml:3:88: warning: warm-up and decay overlap: the rate is never at its peak");
}

TEST(Relations, ContinuingNeedsAParent) {
  EXPECT_EQ(MistakesIn(kBase + "upcycle: scratch\ntrain: {learning_rate: {start: continue}}\n"),
            "a.yaml:4:32: error: a run from scratch has no parent whose rate it could continue\n"
            "  train: {learning_rate: {start: continue}}\n"
            "                                 ^\n"
            "  expected train.learning_rate.start: restart\n");
  EXPECT_EQ(Dense("train: {learning_rate: {start: continue}}"), "");
  EXPECT_EQ(Dense("parent: {train: {learning_rate: {start: continue}}}").substr(0, 81),
            "a.yaml:3:41: error: the dense parent starts fresh: there is no rate to continue f");
}

TEST(Relations, ContinuingNeedsARateAboveZero) {
  EXPECT_EQ(
      MistakesIn(kBase + "parent: {train: {learning_rate: {minimum: 0}}}\n"
                         "train: {learning_rate: {start: continue}}\n"),
      "a.yaml:4:32: error: the parent's rate ends at 0, so a run that continues it learns "
      "nothing\n"
      "  train: {learning_rate: {start: continue}}\n"
      "                                 ^\n"
      "  expected train.learning_rate.start: restart, or a parent.train.learning_rate.minimum "
      "above 0\n");
  EXPECT_EQ(
      MistakesIn(kBase + "parent: {train: {learning_rate: {minimum: 0, schedule: constant}}}\n"
                         "train: {learning_rate: {start: continue}}\n"),
      "");
}

TEST(Relations, ThereIsSomethingToTrainOn) {
  EXPECT_EQ(MistakesIn("name: a\n"),
            "a.yaml:1:1: error: there is nothing to train on\n"
            "  name: a\n"
            "  ^\n"
            "  expected data.train to have a source, such as {kind: atlas}\n");
  EXPECT_EQ(MistakesIn("name: a\ndata: {train: []}\n").substr(0, 12), "a.yaml:2:15:");
  EXPECT_EQ(MistakesIn("name: a\ndata: {held_out: 0.1}\n").substr(0, 11), "a.yaml:2:1:");
}

TEST(Relations, TextHasFilesAndAtlasHasNone) {
  EXPECT_EQ(MistakesIn("name: a\ndata: {train: [{kind: text}]}\n"),
            "a.yaml:2:23: error: a text source without files\n"
            "  data: {train: [{kind: text}]}\n"
            "                        ^\n"
            "  expected files: a path, a glob, or a list of them\n");
  EXPECT_EQ(WarningsIn("name: a\ndata: {train: [{kind: atlas, files: x}]}\n"),
            "a.yaml:2:37: warning: the atlas is generated: its files are not read\n"
            "  data: {train: [{kind: atlas, files: x}]}\n"
            "                                      ^\n");
}

TEST(Relations, EveryKindOfFilesNeedsThem) {
  EXPECT_TRUE(Says(MistakesIn("name: a\ndata: {train: [{kind: jsonl}]}\n"),
                   "a.yaml:2:23: error: a jsonl source without files"));
}

TEST(Relations, ReadyMadeTokensHaveATokenizerThatCouldHaveMadeThem) {
  const auto mistakes = [](const std::string& tokenizer, const std::string& source) {
    return MistakesIn("name: a\ndata: {tokenizer: " + tokenizer + ", train: [{" + source + "}]}\n");
  };
  const std::string tokens = "kind: tokens, files: x.bin";
  EXPECT_EQ(mistakes("{kind: none, vocabulary: 100}", tokens), "");
  EXPECT_EQ(mistakes("bytes", tokens), "");
  EXPECT_EQ(mistakes("{kind: file, path: x, vocabulary: 100}", tokens), "");
  EXPECT_TRUE(Says(mistakes("file", tokens), "a tokenizer of a file that is not named"));
  EXPECT_TRUE(Says(mistakes("bpe", tokens), "made no ready-made tokens"));
  EXPECT_TRUE(Says(mistakes("none", "kind: atlas"), "text cannot become tokens"));
  EXPECT_TRUE(Says(mistakes("{kind: none, vocabulary: 100, end_of_text: 100}", tokens),
                   "token 100 is none of 100"));
}

TEST(Relations, ABpeHasAsManyPiecesAsItCan) {
  const auto mistakes = [](const char* pieces) {
    return MistakesIn(std::string("name: a\ndata: {tokenizer: {kind: bpe, vocabulary: ") + pieces +
                      "}, train: [{kind: atlas}]}\n");
  };
  EXPECT_EQ(mistakes("65535"), "");
  EXPECT_TRUE(Says(mistakes("65536"), "a.yaml:2:43: error: a bpe tokenizer cannot have 65536"));
  EXPECT_TRUE(Says(mistakes("299"), "data.tokenizer.vocabulary from 300 to 65535"));
}

TEST(Relations, ReadyMadeTokensAreNotDeduplicated) {
  EXPECT_TRUE(Says(WarningsIn("name: a\ndata: {tokenizer: none, deduplicate: true, train: "
                              "[{kind: tokens, files: x.bin}]}\n"),
                   "documents of tokens may repeat"));
}

TEST(Relations, SourcesHaveNamesOfTheirOwn) {
  EXPECT_EQ(MistakesIn("name: a\ndata: {train: [{kind: atlas}, {kind: atlas, people: 9}]}\n"),
            "a.yaml:2:38: error: two sources are named atlas\n"
            "  data: {train: [{kind: atlas}, {kind: atlas, people: 9}]}\n"
            "                                       ^\n"
            "  expected a name of its own for each source of a list\n");
  EXPECT_EQ(MistakesIn("name: a\ndata: {train: [{kind: atlas}, {kind: atlas, name: b}]}\n"), "");
  EXPECT_EQ(MistakesIn("name: a\ndata: {train: [{kind: atlas}], validation: [{kind: atlas}]}\n"),
            "");
}

TEST(Relations, AreNotDrawnFromValuesThatCouldNotBeRead) {
  EXPECT_EQ(Dense("model: {width: 90, heads: x}"),
            "a.yaml:3:27: error: model.heads cannot be \"x\"\n"
            "  model: {width: 90, heads: x}\n"
            "                            ^\n"
            "  expected a whole number from 1 to 1024\n");
  EXPECT_EQ(MistakesIn("name: a\ndata: {trian: [{kind: atlas}]}\n"),
            "a.yaml:2:8: error: there is no key \"trian\" in data\n"
            "  data: {trian: [{kind: atlas}]}\n"
            "         ^\n"
            "  did you mean \"train\"?\n");
}

TEST(Relations, PointAtTheArmThatBreaksThem) {
  EXPECT_EQ(MistakesIn(kUpcycled + "method: grid\nparameters: {moe.top_k: [2, 8, 9]}\n"),
            "a.yaml:5:32: error: a token cannot be sent to 9 of 8 experts (arm \"top_k=9\")\n"
            "  parameters: {moe.top_k: [2, 8, 9]}\n"
            "                                 ^\n"
            "  expected moe.top_k to be at most moe.expansion · moe.granularity\n");
}

TEST(Relations, AreReportedOnceForAllArms) {
  EXPECT_EQ(
      MistakesIn(kUpcycled + "method: grid\nparameters:\n  moe.top_k: [1, 2]\n"
                             "  moe.router: [softmax_then_topk, topk_then_softmax]\n"
                             "  parent.seed: [0, 1, 2, 3, 4]\n"),
      "a.yaml:6:15: error: topk_then_softmax of one expert is always 1, so no gradient reaches "
      "the router (arms \"top_k=1, router=topk_then_softmax, seed=0\", \"top_k=1, "
      "router=topk_then_softmax, seed=1\", \"top_k=1, router=topk_then_softmax, seed=2\" and 2 "
      "more)\n"
      "    moe.top_k: [1, 2]\n"
      "                ^\n"
      "  expected moe.top_k of at least 2, or moe.router.order: softmax_then_topk\n");
  EXPECT_EQ(
      MistakesIn(kBase + "model: {kv_heads: 3}\nmethod: grid\nparameters: {parent.seed: [0, 1]}\n")
          .substr(0, 74),
      "a.yaml:3:19: error: 4 query heads cannot share 3 key-value heads evenly\n  ");
}

}  // namespace
}  // namespace upcycle
