// The sentences below a comparison's table.

#include <gtest/gtest.h>

#include "tests/results/comparison/comparing.h"
#include "tests/says.h"

namespace upcycle {
namespace {

using ComparisonNotes = Comparing;

TEST_F(ComparisonNotes, SaysWhatAParentHadReachedThatWasTrainedElsewhere) {
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

TEST_F(ComparisonNotes, SaysHowFarComputeIsFromEqualAndWhatTheParentHadCost) {
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

TEST_F(ComparisonNotes, SaysWhatBranchesHadCostBesideTheParent) {
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

TEST_F(ComparisonNotes, CountsTheParentInRuns) {
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

TEST_F(ComparisonNotes, SaysThatBudgetsWereNotMatched) {
  study.arms[0].cost = {.train_flops = 2e15};
  study.arms[1].cost = {.train_flops = 4e15};
  writer.RecordStudy(study);
  EXPECT_TRUE(
      HasNote(Compare(),
              "Compute. Budgets are not matched: each arm trains on its own number of "
              "tokens. Train FLOPs are those of a run's own training, forward and backward, "
              "counted from its settings; farthest from dense is routed, by +100.00 %."));
}

TEST_F(ComparisonNotes, SaysHowManySeedsOfACompleteRunHaveNoValue) {
  writer.RecordStudy(study);
  for (int64_t seed = 0; seed < 6; ++seed) CompleteRun(writer, "dense", seed, {}, {});
  EXPECT_TRUE(HasNote(Compare(), "Missing. dense: seeds 0, 1, 2, 3, 4, 5 have no value."));
}

TEST_F(ComparisonNotes, SaysNothingOfTheSeedsWhereNoTestWasMade) {
  writer.RecordStudy(study);
  const std::vector<std::string> notes = Compare().notes;
  EXPECT_TRUE(std::none_of(notes.begin(), notes.end(),
                           [](const std::string& note) { return note.starts_with("Seeds."); }));
}

TEST_F(ComparisonNotes, SaysWhatThreeSeedsCannotShow) {
  study = StudyOf({"dense", "routed"}, {0, 1, 2});
  writer.RecordStudy(study);
  Finish("dense", std::span(kDense).first(3));
  Finish("routed", std::span(kRouted).first(3));
  EXPECT_TRUE(HasNote(Compare(),
                      "Seeds. 3 paired seeds: no exact test (sign-flip, Wilcoxon) can go below p = "
                      "0.25, so a verdict rests on the differences being normal."));
}

TEST_F(ComparisonNotes, SaysWhatNoExactTestCanFindOfTheMostPairsAndOfTheFewest) {
  study = StudyOf({"dense", "routed", "late"}, {0, 1, 2, 3, 4, 5});
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", kRouted);
  Finish("late", std::span(kRouted).first(2));
  EXPECT_TRUE(HasNote(
      Compare({.allow_incomplete = true}),
      "Seeds. 2 to 6 paired seeds an arm: no exact test (sign-flip, Wilcoxon) can go below p = "
      "0.031, adjusted 0.062 with 6, and 0.50, adjusted 1.0 with 2. A verdict rests on the "
      "differences being normal."));
}

TEST_F(ComparisonNotes, SaysThatAVerdictOfFewPairsRestsOnNormalDifferences) {
  writer.RecordStudy(study = StudyOf({"dense", "routed", "late"}, {0, 1, 2, 3, 4, 5, 6, 7}));
  const double dense[] = {1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7};
  const double routed[] = {0.9, 1.05, 1.1, 1.25, 1.3, 1.45, 1.5, 1.65};
  Finish("dense", dense);
  Finish("routed", routed);
  Finish("late", std::span(routed).first(3));
  EXPECT_TRUE(HasNote(
      Compare({.allow_incomplete = true}),
      "Seeds. 3 to 8 paired seeds an arm: no exact test (sign-flip, Wilcoxon) can go below p = "
      "0.0078, adjusted 0.016 with 8, and 0.25, adjusted 0.50 with 3. With so few a verdict rests "
      "on the differences being normal."));
}

TEST_F(ComparisonNotes, TellsNamesWithCommasApart) {
  writer.RecordStudy(study = StudyOf({"dense", "before, std 0.2", "after, std 0.2"}, {0, 1}));
  EXPECT_TRUE(HasNote(Compare(),
                      "No verdict. before, std 0.2; after, std 0.2 are incomplete: 2 of 2 paired "
                      "seeds have no result."));
}

TEST_F(ComparisonNotes, SaysWhatSixSeedsCannotShowOfSeveralArms) {
  study = StudyOf({"dense", "routed", "shared"}, {0, 1, 2, 3, 4, 5});
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", kRouted);
  Finish("shared", kRouted);
  EXPECT_TRUE(
      HasNote(Compare(),
              "Seeds. 6 paired seeds: no exact test (sign-flip, Wilcoxon) can go below p = "
              "0.031, adjusted 0.062, so a verdict rests on the differences being normal."));
}

}  // namespace
}  // namespace upcycle
