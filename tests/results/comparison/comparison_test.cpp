#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "results/comparison/compare_study.h"
#include "results/comparison/comparison_table.h"
#include "results/ledger/ledger_reader.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr double kDense[] = {3.16, 3.13, 3.22, 3.24, 3.15, 3.15};
constexpr double kRouted[] = {3.10, 3.05, 3.20, 3.15, 3.08, 3.12};

class Comparing : public ::testing::Test {
 protected:
  Comparing() : writer(LedgerIn(folder)), study(StudyOf({"dense", "routed"}, {0, 1, 2, 3, 4, 5})) {}

  void Finish(const std::string& arm, std::span<const double> losses) {
    for (size_t seed = 0; seed < losses.size(); ++seed) {
      CompleteRun(writer, arm, static_cast<int64_t>(seed), {},
                  {ResultEvent("validation/loss", losses[seed])});
    }
  }
  Comparison Compare(const CompareOptions& options = {}) {
    LedgerReader reader(LedgerIn(folder));
    return CompareStudy(reader, "study", options);
  }
  static std::vector<CostColumn> CostsOf(const Comparison& comparison) {
    std::vector<CostColumn> costs;
    for (const TableColumn& column : comparison.columns) {
      if (column.kind == TableColumn::Kind::kCost) costs.push_back(column.cost);
    }
    return costs;
  }
  static bool HasNote(const Comparison& comparison, const std::string& note) {
    return std::find(comparison.notes.begin(), comparison.notes.end(), note) !=
           comparison.notes.end();
  }

  TemporaryFolder folder;
  LedgerWriter writer;
  StudyRecord study;
};

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

TEST_F(Comparing, SaysWhatAParentHadReachedThatWasTrainedElsewhere) {
  const Fingerprint parent = StageFor(StageRole::kParentEvaluate);
  study.stages.push_back({parent, "evaluate", "{}", {}});
  study.arms[0].cost = {.train_flops = 2e15};
  study.arms[0].runs[0].stages[StageRole::kParentEvaluate] = parent;
  writer.RecordStudy(study);
  IngestNext(writer, parent, {ResultEvent("validation/loss", 4.0625)});
  writer.SetStageState(parent, StageState::kComplete);
  EXPECT_TRUE(HasNote(Compare(),
                      "Parent. The dense parent was trained elsewhere. It had reached "
                      "validation/loss 4.0625."));
}

TEST_F(Comparing, SaysHowFarComputeIsFromEqualAndWhatTheParentHadCost) {
  study.matched_on = "train_flops";
  study.arms[0].cost = {.train_flops = 2e15, .parent_train_flops = 1e15};
  study.arms[1].cost = {.train_flops = 2.01e15, .parent_train_flops = 1e15};
  const Fingerprint parent = StageFor(StageRole::kParentEvaluate);
  study.stages.push_back({parent, "evaluate", "{}", {}});
  study.arms[0].runs[0].stages[StageRole::kParentEvaluate] = parent;
  study.arms[1].runs[0].stages[StageRole::kParentEvaluate] = parent;
  writer.RecordStudy(study);
  IngestNext(writer, parent, {ResultEvent("validation/loss", 4.0625)});
  writer.SetStageState(parent, StageState::kComplete);
  const Comparison comparison = Compare();
  EXPECT_NEAR(comparison.arms[1].flops_mismatch, 0.005, 1e-12);
  EXPECT_TRUE(
      HasNote(comparison,
              "Compute. Budgets are matched on train FLOPs, with the rows that capacity can "
              "serve. Train FLOPs are those of a run's own training, forward and backward, "
              "counted from its settings; farthest from dense is routed, by +0.50 %."));
  EXPECT_TRUE(
      HasNote(comparison,
              "Parent. The dense parent had cost 1.00e15 FLOPs before these runs began, 0.5 "
              "times a run of dense; no column counts them. It had reached validation/loss "
              "4.0625."));
}

TEST_F(Comparing, SaysWhatBranchesHadCostBesideTheParent) {
  study.arms[0].cost = {.train_flops = 2e15, .parent_train_flops = 1e15};
  study.arms[1].cost = {
      .train_flops = 2e15, .parent_train_flops = 5e15, .branch_train_flops = 4e15};
  writer.RecordStudy(study);
  const Comparison comparison = Compare();
  EXPECT_TRUE(
      HasNote(comparison,
              "Parent. The dense parent had cost 1.00e15 FLOPs before these runs began, 0.5 times "
              "a run of dense; no column counts them."));
  EXPECT_TRUE(HasNote(comparison,
                      "Branches. Those of routed had cost 4.00e15 FLOPs more, 2 times a run of "
                      "dense; no column counts them either."));
}

TEST_F(Comparing, CountsTheParentInRuns) {
  for (const auto& [parent, words] : {std::pair(2.02e15, "began, as much as a run of dense;"),
                                      std::pair(3.06e17, "began, 150 times a run of dense;")}) {
    study.arms[0].cost = {.train_flops = 2e15, .parent_train_flops = parent};
    writer.RecordStudy(study);
    const std::vector<std::string> notes = Compare().notes;
    EXPECT_TRUE(std::ranges::any_of(notes, [&](const std::string& note) {
      return note.starts_with("Parent.") && Says(note, words);
    })) << words;
  }
}

TEST_F(Comparing, SaysThatBudgetsWereNotMatched) {
  study.arms[0].cost = {.train_flops = 2e15};
  study.arms[1].cost = {.train_flops = 4e15};
  writer.RecordStudy(study);
  EXPECT_TRUE(
      HasNote(Compare(),
              "Compute. Budgets are not matched: each arm trains on its own number of "
              "tokens. Train FLOPs are those of a run's own training, forward and backward, "
              "counted from its settings; farthest from dense is routed, by +100.00 %."));
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
