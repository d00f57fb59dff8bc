#include "results/findings/judge_claims.h"

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/recipe/cost.h"
#include "results/findings/claim_values.h"
#include "results/findings/wording.h"
#include "tests/results/findings/findings_fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr double kDense[] = {3.16, 3.13, 3.22, 3.24, 3.15, 3.15};
constexpr double kRouted[] = {3.10, 3.05, 3.20, 3.15, 3.08, 3.12};  // p = 0.00368 to dense
constexpr double kNearby[] = {3.17, 3.12, 3.21, 3.25, 3.16, 3.14};  // mean difference 0

class JudgingClaims : public ::testing::Test {
 protected:
  JudgingClaims()
      : writer_(LedgerIn(folder_)), paper_(PaperOn({"dense", "routed", "nearby"}, kSeeds)) {
    writer_.RecordStudy(StudyOf({"dense", "routed", "nearby"}, kSeeds));
  }

  void Finish(const std::string& arm, std::span<const double> losses) {
    for (size_t seed = 0; seed < losses.size(); ++seed) {
      CompleteRun(writer_, arm, static_cast<int64_t>(seed), {},
                  {ResultEvent("validation/loss", losses[seed])});
    }
  }
  void FinishAll() {
    Finish("dense", kDense);
    Finish("routed", kRouted);
    Finish("nearby", kNearby);
  }
  std::vector<Finding> Judge() {
    LedgerReader reader(LedgerIn(folder_));
    return JudgeClaims(paper_, &reader);
  }
  // Of one claim alone.
  Support SupportOf(const std::string& arm, Relation relation, const std::string& than,
                    double within = 0) {
    paper_.claims.clear();
    AddClaim(paper_, "a", arm, relation, than).expect.within = within;
    return Judge().front().support;
  }

  const std::vector<int64_t> kSeeds = {0, 1, 2, 3, 4, 5};
  TemporaryFolder folder_;
  LedgerWriter writer_;
  Paper paper_;
};

TEST_F(JudgingClaims, SupportsWhatIsSignificantOnTheClaimsSide) {
  FinishAll();
  EXPECT_EQ(SupportOf("routed", Relation::kBetter, "dense"), Support::kSupports);
  EXPECT_EQ(SupportOf("routed", Relation::kLower, "dense"), Support::kSupports);
  EXPECT_EQ(SupportOf("dense", Relation::kWorse, "routed"), Support::kSupports);
  EXPECT_EQ(SupportOf("dense", Relation::kHigher, "routed"), Support::kSupports);
}

TEST_F(JudgingClaims, ContradictsWhatIsSignificantOnTheOtherSide) {
  FinishAll();
  EXPECT_EQ(SupportOf("dense", Relation::kBetter, "routed"), Support::kContradicts);
  EXPECT_EQ(SupportOf("routed", Relation::kHigher, "dense"), Support::kContradicts);
}

TEST_F(JudgingClaims, GoesByTheGoalOfTheMetric) {
  FinishAll();
  paper_.studies[0].recipe.metric.goal = Goal::kMaximize;
  EXPECT_EQ(SupportOf("dense", Relation::kBetter, "routed"), Support::kSupports);
  EXPECT_EQ(SupportOf("dense", Relation::kLower, "routed"), Support::kContradicts);
}

TEST_F(JudgingClaims, CannotTellWhatIsNotSignificant) {
  FinishAll();
  paper_.claims.clear();
  AddClaim(paper_, "a", "nearby", Relation::kBetter, "dense");
  const Finding finding = Judge().front();
  EXPECT_EQ(finding.support, Support::kCannotTell);
  EXPECT_TRUE(Says(finding.contrasts[0].reason, "is above 0.05"));
}

TEST_F(JudgingClaims, JudgesLikenessByTestsAgainstTheMargin) {
  FinishAll();
  // The difference is 0 ± 0.0115, 0.36 % of 3.175; routed is 0.0583 ± 0.0277 below dense, 1.8 %.
  // Of 0.3 % p is 0.043, of 0.2 % it is 0.11.
  EXPECT_EQ(SupportOf("nearby", Relation::kAlike, "dense", 0.003), Support::kSupports);
  EXPECT_EQ(SupportOf("nearby", Relation::kAlike, "dense", 0.002), Support::kCannotTell);
  EXPECT_EQ(SupportOf("routed", Relation::kAlike, "dense", 0.009), Support::kContradicts);
  EXPECT_EQ(SupportOf("routed", Relation::kAlike, "dense", 0.011), Support::kCannotTell);
  EXPECT_EQ(SupportOf("routed", Relation::kAlike, "dense", 0.03), Support::kSupports);
}

TEST_F(JudgingClaims, JudgesWhetherThereIsNoGainOnTheBetterSideAlone) {
  FinishAll();
  EXPECT_EQ(SupportOf("dense", Relation::kNoBetter, "routed", 0.001), Support::kSupports);
  EXPECT_EQ(SupportOf("nearby", Relation::kNoBetter, "dense", 0.003), Support::kSupports);
  EXPECT_EQ(SupportOf("nearby", Relation::kNoBetter, "dense", 0.002), Support::kCannotTell);
  EXPECT_EQ(SupportOf("routed", Relation::kNoBetter, "dense", 0.009), Support::kContradicts);
  paper_.studies[0].recipe.metric.goal = Goal::kMaximize;
  EXPECT_EQ(SupportOf("dense", Relation::kNoBetter, "routed", 0.009), Support::kContradicts);
  EXPECT_EQ(SupportOf("routed", Relation::kNoBetter, "dense", 0.001), Support::kSupports);
}

TEST_F(JudgingClaims, NamesTheBoundsThatDecideNothing) {
  FinishAll();
  const auto reason = [&](Relation relation) {
    paper_.claims.clear();
    AddClaim(paper_, "a", "nearby", relation, "dense").expect.within = 0.002;
    return Judge().front().contrasts[0].reason;
  };
  const std::string neither = "it is shown to lie neither within nor outside ";
  EXPECT_EQ(reason(Relation::kAlike), neither + "±0.2 %, which is ±0.00635");
  EXPECT_EQ(reason(Relation::kNoBetter), neither + "−0.2 %, which is −0.00635");
  paper_.studies[0].recipe.metric.goal = Goal::kMaximize;
  EXPECT_EQ(reason(Relation::kNoBetter), neither + "+0.2 %, which is +0.00635");
}

TEST_F(JudgingClaims, SaysWithinOrOutsideOfWhatADifferenceLies) {
  FinishAll();
  const auto remark = [&](const std::string& arm, double within) {
    paper_.claims.clear();
    AddClaim(paper_, "a", arm, Relation::kAlike, "dense").expect.within = within;
    return RemarkText(Judge().front());
  };
  EXPECT_EQ(remark("nearby", 0.003), "it is shown to lie within ±0.3 %, which is ±0.00953");
  EXPECT_EQ(remark("routed", 0.009), "it is shown to lie outside ±0.9 %, which is ±0.0286");
}

TEST_F(JudgingClaims, TakesEqualRunsForAlikeAndForNoBetter) {
  Finish("dense", kDense);
  Finish("nearby", kDense);
  EXPECT_EQ(SupportOf("nearby", Relation::kAlike, "dense", 0.001), Support::kSupports);
  EXPECT_EQ(SupportOf("nearby", Relation::kBetter, "dense"), Support::kCannotTell);
}

TEST_F(JudgingClaims, CountsEveryTestOfThePaperInHolmsFamily) {
  FinishAll();
  for (const char* id : {"a", "b", "c"}) {
    AddClaim(paper_, id, "routed", Relation::kBetter, "dense");
  }
  AddClaim(paper_, "likeness", "nearby", Relation::kAlike, "dense").expect.within = 0.004;
  const std::vector<Finding> findings = Judge();
  EXPECT_NEAR(findings[0].contrasts[0].adjusted_p, 4 * 0.0036849342330343205, 1e-9);
  EXPECT_GT(findings[3].contrasts[0].adjusted_p, 0.0036849342330343205);
  EXPECT_EQ(findings[3].support, Support::kSupports);
}

TEST_F(JudgingClaims, LikenessIsWeakenedByTheOtherTestsOfThePaper) {
  FinishAll();
  EXPECT_EQ(SupportOf("nearby", Relation::kAlike, "dense", 0.003), Support::kSupports);
  AddClaim(paper_, "b", "nearby", Relation::kAlike, "dense").expect.within = 0.003;
  const std::vector<Finding> findings = Judge();
  EXPECT_EQ(findings[0].support, Support::kCannotTell);
  EXPECT_NEAR(findings[0].contrasts[0].adjusted_p, 2 * 0.043210013516644045, 1e-9);
  EXPECT_TRUE(Says(findings[0].contrasts[0].reason, "neither within nor outside ±0.3 %"));
}

TEST_F(JudgingClaims, WantsTheBestBetterThanEveryOther) {
  FinishAll();
  Claim& claim = AddClaim(paper_, "a", "routed", Relation::kBetter, "");
  claim.expect.best_of = {"dense", "nearby"};
  std::vector<Finding> findings = Judge();
  EXPECT_EQ(findings[0].support, Support::kSupports);
  EXPECT_EQ(findings[0].contrasts.size(), 2u);
  EXPECT_NEAR(findings[0].contrasts[0].adjusted_p, 2 * 0.0036849342330343205, 1e-9);

  claim.expect.arm = "dense";
  claim.expect.best_of = {"nearby", "routed"};
  findings = Judge();
  EXPECT_EQ(findings[0].support, Support::kContradicts);
  EXPECT_EQ(findings[0].contrasts[0].support, Support::kCannotTell);

  claim.expect.best_of = {"nearby"};
  EXPECT_EQ(Judge()[0].support, Support::kCannotTell);
}

TEST_F(JudgingClaims, SaysWhichRunsAreMissing) {
  Finish("dense", kDense);
  Finish("routed", std::span(kRouted).first(4));
  writer_.SetStageState(StageFor(StageRole::kTrain, "routed", 5), StageState::kDiverged);
  AddClaim(paper_, "a", "routed", Relation::kBetter, "dense");
  const Finding finding = Judge().front();
  EXPECT_EQ(finding.support, Support::kCannotTell);
  EXPECT_EQ(finding.contrasts[0].reason, "routed: seed 5 diverged; routed: seed 4 not finished");
  EXPECT_EQ(finding.contrasts[0].pairs.difference.count, 4);
}

TEST_F(JudgingClaims, SaysWhichStudiesWereNeverRun) {
  paper_.studies[0].recipe.name = "other";
  AddClaim(paper_, "a", "routed", Relation::kBetter, "dense");
  EXPECT_EQ(Judge()[0].contrasts[0].reason, "the study other has not been run");
  EXPECT_EQ(JudgeClaims(paper_, nullptr)[0].support, Support::kCannotTell);
}

TEST_F(JudgingClaims, ReadsValuesAlongTheWayFromTheTrainingsPoints) {
  // 100 steps of which 10 % lie between the points of steps 0 and 20.
  for (Arm& arm : paper_.studies[0].recipe.arms) {
    arm.settings.train.tokens =
        100 * arm.settings.train.batch_sequences * arm.settings.model.sequence_length;
  }
  for (int64_t seed = 0; seed < 6; ++seed) {
    const double noise = 0.01 * static_cast<double>(seed % 3);
    CompleteRun(writer_, "dense", seed,
                {Point("validation/loss", 0, 5), Point("validation/loss", 20, 4 + noise)},
                {ResultEvent("validation/loss", 3)});
    CompleteRun(writer_, "routed", seed,
                {Point("validation/loss", 0, 5), Point("validation/loss", 20, 4.2)},
                {ResultEvent("validation/loss", 2)});
  }
  Claim& claim = AddClaim(paper_, "a", "routed", Relation::kWorse, "dense");
  claim.expect.at = 0.1;
  const Finding finding = Judge().front();
  EXPECT_EQ(finding.support, Support::kSupports);
  EXPECT_NEAR(finding.contrasts[0].pairs.difference.mean, 0.095, 1e-12);
}

TEST(ValueAtStep, LiesOnTheLineBetweenPoints) {
  const std::vector<MetricPoint> points = {{10, 4}, {20, 2}, {30, 3}};
  EXPECT_EQ(ValueAtStep(points, 20), 2);
  EXPECT_EQ(ValueAtStep(points, 10), 4);
  EXPECT_DOUBLE_EQ(ValueAtStep(points, 12.5), 3.5);
  EXPECT_DOUBLE_EQ(ValueAtStep(points, 28), 2.8);
  EXPECT_TRUE(std::isnan(ValueAtStep(points, 9)));
  EXPECT_TRUE(std::isnan(ValueAtStep(points, 31)));
  EXPECT_TRUE(std::isnan(ValueAtStep({}, 1)));
}

// An E8T2 mixture of the default model: nothing is run for it.
TEST(Counts, SupportWithinTheToleranceAndContradictBeyond) {
  Paper paper = PaperOn({"E8T2"}, {0});
  paper.studies[0].recipe.arms[0].settings.upcycle.method = UpcycleMethod::kCopy;
  const double ours =
      static_cast<double>(CostOf(paper.studies[0].recipe.arms[0].settings).parameters.Total());
  for (const double theirs : {0.995 * ours, 0.5 * ours}) {
    Claim& claim = paper.claims.emplace_back().claim;
    claim.count.arm = "E8T2";
    claim.count.is = theirs;
  }
  const std::vector<Finding> findings = JudgeClaims(paper, nullptr);
  EXPECT_EQ(findings[0].support, Support::kSupports);
  EXPECT_EQ(findings[1].support, Support::kContradicts);
  EXPECT_EQ(findings[1].counted->ours, ours);
}

}  // namespace
}  // namespace upcycle
