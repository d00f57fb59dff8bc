#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "results/comparison/comparison_table.h"
#include "tests/caught_error.h"
#include "tests/results/comparison/comparing.h"
#include "tests/says.h"

namespace upcycle {
namespace {

TEST_F(Comparing, JudgesEachArmByItsPairsWithTheBaseline) {
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", kRouted);
  const Comparison comparison = Compare();
  EXPECT_FALSE(comparison.arms[0].judgement.has_value());
  const Judgement& judgement = *comparison.arms[1].judgement;
  EXPECT_EQ(judgement.verdict, Verdict::kBetter);
  EXPECT_NEAR(judgement.pairs.p, 0.0036849342330343205, 1e-9);
  EXPECT_NEAR(comparison.arms[1].summaries[0].mean, 3.1166666666666667, 1e-12);
}

TEST_F(Comparing, PairsBySeedAndNotByPosition) {
  std::reverse(study.arms[1].runs.begin(), study.arms[1].runs.end());
  writer.RecordStudy(study);
  Finish("routed", kRouted);
  Finish("dense", kDense);
  EXPECT_NEAR(Compare().arms[1].judgement->pairs.p, 0.0036849342330343205, 1e-9);
}

TEST_F(Comparing, RefusesAVerdictWhileSeedsAreMissingAndSaysWhich) {
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", std::span(kRouted).first(4));
  IngestNext(writer, StageFor(StageRole::kTrain, "routed", 4),
             {Event(R"({"event": "attempt_started"})"),
              Event(R"({"event": "attempt_ended", "outcome": "failed", "cause": "memory",
                         "message": "host lab has no memory left"})")});
  const Comparison comparison = Compare();
  EXPECT_EQ(comparison.arms[1].judgement->verdict, Verdict::kIncomplete);
  EXPECT_TRUE(HasNote(comparison, "Missing. routed: seed 4 failed (memory); seed 5 not finished."));
  EXPECT_TRUE(
      HasNote(comparison, "No verdict. routed is incomplete: 2 of 6 paired seeds have no result."));
}

TEST_F(Comparing, JudgesTheSeedsThatAreThereWhereAsked) {
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", std::span(kRouted).first(4));
  const Comparison comparison = Compare({.allow_incomplete = true});
  EXPECT_EQ(comparison.arms[1].judgement->pairs.difference.count, 4);
  EXPECT_NE(comparison.arms[1].judgement->verdict, Verdict::kIncomplete);
}

TEST_F(Comparing, TakesADivergedEvaluationForMissing) {
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", std::span(kRouted).first(5));
  CompleteRun(writer, "routed", 5, {},
              {Event(R"({"event": "result", "metric": "validation/loss", "value": null})")});
  const Comparison comparison = Compare();
  EXPECT_EQ(comparison.arms[1].judgement->verdict, Verdict::kIncomplete);
  EXPECT_TRUE(HasNote(comparison, "Missing. routed: seed 5 has no finite value."));
}

TEST_F(Comparing, CountsEveryArmOfTheTableInHolmsFamily) {
  study = StudyOf({"dense", "routed", "late"}, {0, 1, 2, 3, 4, 5});
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", kRouted);
  EXPECT_NEAR(Compare().arms[1].judgement->adjusted_p, 2 * 0.0036849342330343205, 1e-9);
}

TEST_F(Comparing, PairsOnlySeedsThatBothArmsPlan) {
  study.arms[1].runs.pop_back();
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", std::span(kRouted).first(5));
  const Judgement judgement = *Compare().arms[1].judgement;
  EXPECT_EQ(judgement.pairs.difference.count, 5);
  EXPECT_EQ(judgement.missing, 0);
}

TEST_F(Comparing, NotesTheArmsThatAreAnothersRun) {
  study.recipe = R"({"twins": [{"name": "wide", "kept": "routed", "why": "it is dropless"},
                               {"name": "x", "kept": "dense", "why": ""}, 3]})";
  writer.RecordStudy(study);
  const Comparison comparison = Compare();
  EXPECT_TRUE(HasNote(comparison, "Same run. wide is routed: it is dropless."));
  EXPECT_TRUE(HasNote(comparison, "Same run. x is dense."));
}

TEST_F(Comparing, HasNoVerdictsWithoutABaseline) {
  study.baseline = "";
  writer.RecordStudy(study);
  Finish("dense", kDense);
  const Comparison comparison = Compare();
  EXPECT_FALSE(comparison.arms[1].judgement.has_value());
  EXPECT_TRUE(std::isnan(comparison.arms[1].flops_mismatch));
}

TEST_F(Comparing, ShowsExpertColumnsOnlyWhereAnArmHasExperts) {
  writer.RecordStudy(study);
  EXPECT_EQ(Compare().metrics, std::vector<std::string>{"validation/loss"});
  study.arms[1].cost.experts = 8;
  writer.RecordStudy(study);
  EXPECT_EQ(Compare().metrics,
            (std::vector<std::string>{"validation/loss", "moe/dropped_share", "moe/load_entropy",
                                      "moe/dead_experts", "moe/parent_cosine"}));
}

TEST_F(Comparing, ShowsOtherLossesAndAccuraciesUnlessTheRecipeListsColumns) {
  writer.RecordStudy(study);
  CompleteRun(writer, "dense", 0, {},
              {ResultEvent("validation/loss", 3), ResultEvent("validation/perplexity", 20),
               ResultEvent("books/loss", 3.25), ResultEvent("atlas/accuracy", 0.5),
               ResultEvent("system/loss", 1)});
  EXPECT_EQ(Compare().metrics,
            (std::vector<std::string>{"validation/loss", "atlas/accuracy", "books/loss"}));
  EXPECT_EQ(CostsOf(Compare()).size(), 5u);

  study.table.columns = {"validation/perplexity", "train_flops"};
  writer.RecordStudy(study);
  EXPECT_EQ(Compare().metrics,
            (std::vector<std::string>{"validation/loss", "validation/perplexity"}));
  EXPECT_EQ(CostsOf(Compare()), std::vector<CostColumn>{CostColumn::kTrainFlops});
}

TEST_F(Comparing, ShowsTheLossesOfHeldOutSetsWhereThereAreSeveral) {
  writer.RecordStudy(study);
  CompleteRun(writer, "dense", 0, {},
              {ResultEvent("validation/loss", 3), ResultEvent("validation/atlas/loss", 2),
               ResultEvent("validation/books/loss", 4)});
  EXPECT_EQ(Compare().metrics, (std::vector<std::string>{"validation/loss", "validation/atlas/loss",
                                                         "validation/books/loss"}));
}

TEST_F(Comparing, LeavesOutTheLossOfTheOnlyHeldOutSet) {
  writer.RecordStudy(study);
  CompleteRun(writer, "dense", 0, {},
              {ResultEvent("validation/loss", 3), ResultEvent("validation/atlas/loss", 3)});
  EXPECT_EQ(Compare().metrics, std::vector<std::string>{"validation/loss"});
}

TEST_F(Comparing, LeavesOutTheLossOfAllSetsWhereTheOnlySetsLossIsTheMetric) {
  study.metric = "validation/atlas/loss";
  writer.RecordStudy(study);
  CompleteRun(writer, "dense", 0, {},
              {ResultEvent("validation/loss", 3), ResultEvent("validation/atlas/loss", 3)});
  EXPECT_EQ(Compare().metrics, std::vector<std::string>{"validation/atlas/loss"});
}

TEST_F(Comparing, ShowsTheLossOfTheOnlySetWhereTheRecipeListsIt) {
  study.table.columns = {"validation/atlas/loss"};
  writer.RecordStudy(study);
  EXPECT_EQ(Compare().metrics,
            (std::vector<std::string>{"validation/loss", "validation/atlas/loss"}));
}

TEST_F(Comparing, RefusesAColumnThatDependsOnTheMachine) {
  study.table.columns = {"system/tokens_per_second"};
  writer.RecordStudy(study);
  EXPECT_EQ(MessageOf([&] { Compare(); }),
            "the study \"study\" compares system/tokens_per_second, which depends on clock and "
            "machine: a comparison shows results only");
}

TEST_F(Comparing, UsesTheRecipesInterval) {
  study.table.interval = 0.999;
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", kRouted);
  EXPECT_EQ(Compare().arms[1].judgement->verdict, Verdict::kInconclusive);
}

TEST_F(Comparing, ShowsASettingInFrontOfTheArmWhereTheRecipeAsksForIt) {
  study.table.rows = "moe.top_k";
  study.arms[0].settings = R"({"moe":{"top_k":2}})";  // of a dense arm: in force nowhere
  study.arms[1].settings = R"({"moe":{"top_k":2}})";
  study.arms[1].cost.experts = 8;
  writer.RecordStudy(study);
  const Table table = TableOf(Compare());
  EXPECT_EQ(table.columns[0].title, "moe.top_k");
  EXPECT_EQ(table.rows[0][0].text, "");
  EXPECT_EQ(table.rows[1][0].text, "2");
  EXPECT_EQ(table.rows[1][1].text, "routed");
}

TEST_F(Comparing, FindsASettingInsideAList) {
  study.table.rows = "data.train.1.weight";
  study.arms[1].settings = R"({"data":{"train":[{"weight":1},{"weight":0.25}]}})";
  writer.RecordStudy(study);
  const Table table = TableOf(Compare());
  EXPECT_EQ(table.rows[0][0].text, "");
  EXPECT_EQ(table.rows[1][0].text, "0.25");
}

TEST_F(Comparing, ShowsAsManyDigitsAsTheRecipeAsksFor) {
  study.table.digits = 2;
  writer.RecordStudy(study);
  Finish("dense", kDense);
  const Table table = TableOf(Compare());
  EXPECT_EQ(CellTexts(table)[0][2], "3.2 ± 0.05");
}

TEST_F(Comparing, RefusesAVerdictOnALossOverOtherTokens) {
  study.arms[0].settings = R"({"data":{"tokenizer":{"kind":"bytes","vocabulary":512}}})";
  study.arms[1].settings = R"({"data":{"tokenizer":{"kind":"bpe","vocabulary":512}}})";
  study.table.columns = {"validation/perplexity", "validation/bits_per_byte"};
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", kRouted);
  const Comparison comparison = Compare();
  EXPECT_EQ(comparison.arms[1].judgement->verdict, Verdict::kUndecidable);
  EXPECT_EQ(comparison.arms[1].judgement->pairs.difference.count, 0);
  EXPECT_TRUE(HasNote(comparison,
                      "No verdict. routed is undecidable: validation/loss is a mean over tokens, "
                      "and its tokens are not those of dense; bits per byte compare."));
  EXPECT_TRUE(
      HasNote(comparison,
              "Do not compare. routed: validation/perplexity is a mean over tokens, and its "
              "tokens are not those of dense; bits per byte compare."));
}

TEST_F(Comparing, JudgesBitsPerByteOfOtherTokens) {
  study.metric = "validation/bits_per_byte";
  study.arms[0].settings = R"({"data":{"tokenizer":{"kind":"bytes","vocabulary":512}}})";
  study.arms[1].settings = R"({"data":{"tokenizer":{"kind":"bpe","vocabulary":512}}})";
  writer.RecordStudy(study);
  for (int64_t seed = 0; seed < 6; ++seed) {
    const auto i = static_cast<size_t>(seed);
    CompleteRun(writer, "dense", seed, {}, {ResultEvent(study.metric, kDense[i])});
    CompleteRun(writer, "routed", seed, {}, {ResultEvent(study.metric, kRouted[i])});
  }
  EXPECT_EQ(Compare().arms[1].judgement->verdict, Verdict::kBetter);
}

}  // namespace
}  // namespace upcycle
