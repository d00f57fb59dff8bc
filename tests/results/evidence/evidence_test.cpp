#include "results/evidence/evidence.h"

#include <cmath>
#include <functional>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/comparison/compare_study.h"
#include "results/evidence/evidence_notes.h"
#include "results/evidence/evidence_table.h"
#include "results/export/cell_source.h"
#include "results/export/table_forms.h"
#include "results/statistics/power.h"
#include "tests/caught_error.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

const std::vector<double> kDense = {3.16, 3.13, 3.22, 3.24, 3.15, 3.15};
// Below dense at each seed: t's p is 0.0037, those of the exact tests 2/2⁶.
const std::vector<double> kClear = {-0.06, -0.08, -0.02, -0.09, -0.07, -0.03};
// One seed is on the other side: t's p is 0.016, sign-flip's 4/64.
const std::vector<double> kMixed = {-0.1, -0.11, -0.09, -0.1, -0.105, 0.03};
// One seed is far out, on the same side: t's p is 0.29, those of the exact tests 2/2⁶.
const std::vector<double> kOutlier = {-0.01, -0.02, -0.012, -0.015, -0.013, -0.5};

class EvidenceOfAStudy : public ::testing::Test {
 protected:
  EvidenceOfAStudy() : writer_(LedgerIn(folder_)) {}

  // Arms that differ from dense by these, seed by seed.
  void Record(const std::map<std::string, std::vector<double>>& arms) {
    std::vector<std::string> names = {"dense"};
    for (const auto& [name, differences] : arms) names.push_back(name);
    const size_t seeds = arms.begin()->second.size();
    std::vector<int64_t> all;
    for (size_t seed = 0; seed < seeds; ++seed) all.push_back(static_cast<int64_t>(seed));
    study_ = StudyOf(names, all);
    if (change_) change_(&study_);
    writer_.RecordStudy(study_);
    for (size_t seed = 0; seed < seeds; ++seed) {
      const double dense = kDense[seed % kDense.size()] + 0.001 * static_cast<double>(seed / 6);
      Finish("dense", seed, dense);
      for (const auto& [name, differences] : arms) {
        if (seed < differences.size()) Finish(name, seed, dense + differences[seed]);
      }
    }
  }
  void Finish(const std::string& arm, size_t seed, double loss) {
    CompleteRun(writer_, arm, static_cast<int64_t>(seed), {},
                {ResultEvent("validation/loss", loss)});
  }
  const Comparison& Compare(const CompareOptions& options = {}) {
    LedgerReader reader(LedgerIn(folder_));
    comparison_ = CompareStudy(reader, "study", options);
    return comparison_;
  }
  // Of the arm behind the baseline.
  ArmEvidence First() { return EvidenceOf(Compare()).arms.at(0); }
  std::string NotesText(const CompareOptions& options = {}) {
    std::string text;
    const Comparison& comparison = Compare(options);
    for (const std::string& note : EvidenceNotes(EvidenceOf(comparison), comparison)) {
      text += note + "\n";
    }
    return text;
  }

  std::string MarkdownText() { return Written(Compare({.evidence = true}), TableForm::kMarkdown); }

  TemporaryFolder folder_;
  LedgerWriter writer_;
  StudyRecord study_;
  std::function<void(StudyRecord*)> change_;
  Comparison comparison_;
};

TEST_F(EvidenceOfAStudy, SeesTheSameDifferencesByOtherTests) {
  Record({{"routed", kClear}});
  const ArmEvidence arm = First();
  ASSERT_TRUE(arm.others.has_value());
  EXPECT_EQ(arm.others->sign_flip_test.p, 2.0 / 64);
  EXPECT_EQ(arm.others->ranks_test.p, 2.0 / 64);
  EXPECT_EQ(arm.others->ranks.negative, 21);
  EXPECT_LT(arm.others->bootstrap.low, arm.difference.mean);
  EXPECT_GT(arm.others->bootstrap.high, arm.difference.mean);
  EXPECT_TRUE(Says(arm.others->bootstrap.warning, "too short"));
  EXPECT_NEAR(arm.others->size.cohen, arm.difference.mean / arm.difference.deviation, 1e-12);
  EXPECT_LT(arm.others->size.high, 0);
}

TEST_F(EvidenceOfAStudy, SaysWhatSeedsCanFindAtTheStrictestLevelOfTheFamily) {
  Record({{"a", kClear}, {"b", kOutlier}});
  const Reach reach = First().others->reach;
  EXPECT_NEAR(reach.level, 0.025, 1e-12);
  const double size = reach.detectable / First().difference.deviation;
  EXPECT_NEAR(PowerOfPairs(size, 6, 0.025), 0.8, 1e-9);
  EXPECT_EQ(reach.seeds_needed, PairsNeeded(First().difference.mean / First().difference.deviation,
                                            {.level = 0.025, .power = 0.8}));
}

TEST_F(EvidenceOfAStudy, NamesNoNumberOfSeedsThatIsNoPlan) {
  Record({{"a", {0.1, -0.1, 0.1, -0.1, 0.1, -0.0999}}});
  EXPECT_FALSE(First().others->reach.seeds_needed.has_value());
  EXPECT_TRUE(Says(MarkdownText(), "> 1000"));
}

TEST_F(EvidenceOfAStudy, TheNoiseFloorIsThatOfTheBaselinesRuns) {
  Record({{"routed", kClear}});
  const Evidence evidence = EvidenceOf(Compare());
  EXPECT_EQ(evidence.floor_runs, 6);
  EXPECT_DOUBLE_EQ(evidence.arms[0].floor, FloorOfRuns(kDense, 0.95).Within(6, 0.95));
  EXPECT_TRUE(Says(NotesText(), "by the spread of 6 runs of dense"));
}

TEST_F(EvidenceOfAStudy, ATestThatNoValuesCouldDecideDisagreesWithNothing) {
  Record({{"a", kClear}, {"b", kClear}});
  const ArmEvidence arm = First();
  EXPECT_EQ(arm.judgement.verdict, Verdict::kBetter);
  EXPECT_EQ(arm.others->sign_flip_test.adjusted_p, 2 * 2.0 / 64);
  EXPECT_EQ(arm.others->sign_flip_test.least_adjusted, 2 * 2.0 / 64);
  EXPECT_FALSE(arm.others->sign_flip_test.disagrees);
  EXPECT_TRUE(Says(NotesText(),
                   "Too few seeds. No values of so many seeds could decide a, b by sign-flip or "
                   "Wilcoxon's test at level 0.05, adjusted: there these tests neither support nor "
                   "contradict a verdict."));
  EXPECT_FALSE(Says(NotesText(), "Disagreement."));
}

TEST_F(EvidenceOfAStudy, NamesArmsWhoseVerdictAnExactTestDoesNotShare) {
  Record({{"routed", kMixed}});
  const ArmEvidence arm = First();
  EXPECT_EQ(arm.judgement.verdict, Verdict::kBetter);
  EXPECT_EQ(arm.others->sign_flip_test.p, 4.0 / 64);
  EXPECT_TRUE(arm.others->sign_flip_test.disagrees);
  EXPECT_TRUE(
      Says(NotesText(),
           "Disagreement. The sign-flip test does not find, at level 0.05 and adjusted, the "
           "difference of routed that the t test finds: that verdict rests on differences "
           "being normal."));
}

TEST_F(EvidenceOfAStudy, TheVerdictStaysWhereAnExactTestFindsMore) {
  Record({{"routed", kOutlier}});
  const ArmEvidence arm = First();
  EXPECT_EQ(arm.judgement.verdict, Verdict::kInconclusive);
  EXPECT_TRUE(arm.others->sign_flip_test.disagrees);
  EXPECT_TRUE(Says(NotesText(),
                   "Disagreement. Wilcoxon's test finds, at level 0.05 and adjusted, a difference "
                   "of routed where the t test finds none: the verdict stays."));
  EXPECT_TRUE(Says(MarkdownText(), "inconclusive"));
}

TEST_F(EvidenceOfAStudy, MarksBootstrapIntervalsOfFewSeedsAndNoOthers) {
  Record({{"few", kClear}});
  EXPECT_TRUE(Says(MarkdownText(), " (too short) |"));
  EXPECT_TRUE(Says(NotesText(), "below 8 pairs it is too short, and only the t interval counts"));
}

TEST_F(EvidenceOfAStudy, TakesTheBootstrapForWhatItIsFromEightSeedsOn) {
  Record({{"many", {-0.06, -0.08, -0.02, -0.09, -0.07, -0.03, -0.05, -0.04}}});
  EXPECT_FALSE(Says(MarkdownText(), "too short"));
  EXPECT_EQ(First().others->bootstrap.warning, "");
  EXPECT_FALSE(Says(NotesText(), "too short"));
}

TEST_F(EvidenceOfAStudy, NamesArmsWhoseBootstrapAndTIntervalDisagree) {
  std::vector<double> skewed(12, -0.01);
  for (size_t i = 0; i < 12; ++i) skewed[i] -= 0.001 * static_cast<double>(i);
  skewed[11] = -0.2;
  Record({{"skewed", skewed}});
  EXPECT_GT(First().difference.mean + First().difference.half_width, 0);
  EXPECT_LT(First().others->bootstrap.high, 0);
  EXPECT_TRUE(Says(NotesText(), "Of the t and the bootstrap interval of skewed"));
}

TEST_F(EvidenceOfAStudy, TestsNothingWherePairsAreMissing) {
  Record({{"a", kClear}, {"late", {-0.06, -0.08, -0.02}}});
  const Evidence evidence = EvidenceOf(Compare());
  EXPECT_TRUE(evidence.arms[0].others.has_value());
  EXPECT_FALSE(evidence.arms[1].others.has_value());
  EXPECT_TRUE(std::isnan(evidence.arms[1].floor));
  EXPECT_TRUE(Says(NotesText(), "Other tests. None for late: the notes of the main table"));
  EXPECT_EQ(evidence.arms[0].others->sign_flip_test.adjusted_p, 2 * 2.0 / 64)
      << "late counts in the family";
}

TEST_F(EvidenceOfAStudy, BoundsExactTestsByTheMostPairsAndByTheFewest) {
  Record({{"a", kClear}, {"late", {-0.06, -0.08, -0.02}}});
  EXPECT_TRUE(Says(NotesText({.allow_incomplete = true}),
                   "and with 6 pairs no values take them below 0.031, with 3 below 0.25."));
}

TEST_F(EvidenceOfAStudy, HasNothingElseWhereSeedsComeUntilArmsAreDecided) {
  change_ = [](StudyRecord* study) {
    study->table.first_seeds = 3;
    study->table.most_seeds = 6;
  };
  Record({{"routed", kClear}});
  const ArmEvidence arm = First();
  EXPECT_FALSE(arm.others.has_value());
  EXPECT_TRUE(Says(NotesText(), "Other tests. None: seeds came until arms were decided"));
  EXPECT_TRUE(Says(NotesText(), "95 % repeated interval"));
  for (const char* column : {"sign-flip p", "bootstrap interval", "seeds needed"}) {
    EXPECT_FALSE(Says(MarkdownText(), column)) << column;
  }
}

TEST_F(EvidenceOfAStudy, ShowsLikenessWhereThereIsAMargin) {
  change_ = [](StudyRecord* study) { study->table.margin = 0.2; };
  Record({{"routed", kClear}});
  EXPECT_EQ(First().judgement.verdict, Verdict::kEquivalent);
  EXPECT_TRUE(Says(MarkdownText(), "p of likeness"));
  EXPECT_TRUE(Says(NotesText(), "that the difference lies within ±0.2, in the same family"));
}

TEST_F(EvidenceOfAStudy, CountsArmsThatAreNotShownInTheFamily) {
  Record({{"a", kClear}, {"b", kClear}});
  const CompareOptions options = {.evidence = true, .where = {"arm!=b"}};
  EXPECT_EQ(EvidenceTableOf(Compare(options)).rows.size(), 1u);
  EXPECT_TRUE(Says(NotesText(options), "over 2 comparisons"));
  EXPECT_FALSE(Says(NotesText(options), "could decide a, b"));
}

TEST_F(EvidenceOfAStudy, HasItsRowsInTheOrderOfTheMainTable) {
  Record({{"a", kOutlier}, {"b", kClear}});
  const Table table = EvidenceTableOf(Compare({.sort = "validation/loss:desc"}));
  EXPECT_EQ(table.rows[0][0].text, "b");
}

TEST_F(EvidenceOfAStudy, RefusesWhatHasNoDifferences) {
  change_ = [](StudyRecord* study) { study->baseline = ""; };
  Record({{"routed", kClear}});
  EXPECT_TRUE(
      Says(MessageOf([&] { EvidenceTableOf(Compare()); }), "name one in its recipe as `baseline`"));
}

TEST_F(EvidenceOfAStudy, RefusesATableOfTheBaselineAlone) {
  Record({{"routed", kClear}});
  EXPECT_TRUE(Says(MessageOf([&] { EvidenceTableOf(Compare({.where = {"arm=dense"}})); }),
                   "no arm beside the baseline dense is shown"));
}

TEST_F(EvidenceOfAStudy, IsBelowTheTableInEveryForm) {
  Record({{"routed", kClear}});
  const Comparison comparison = Compare({.evidence = true});
  for (const auto& [form, first, second] :
       {std::tuple(TableForm::kMarkdown, "### study: validation/loss", "### study: evidence on"),
        std::tuple(TableForm::kLatex, "\\caption{study: validation/loss",
                   "\\caption{study: evidence on"),
        std::tuple(TableForm::kHtml, "<caption>study: validation/loss",
                   "<caption>study: evidence on"),
        std::tuple(TableForm::kHtmlFragment, "<caption>study: validation/loss",
                   "<caption>study: evidence on"),
        std::tuple(TableForm::kJson, "\"table\"", "\"evidence\"")}) {
    const std::string text = Written(comparison, form);
    EXPECT_TRUE(Says(text, first));
    EXPECT_GT(text.find(second), text.find(first)) << text;
    EXPECT_TRUE(Says(text, "export study --evidence")) << NameOf(form);
  }
  EXPECT_FALSE(Says(Written(Compare(), TableForm::kMarkdown), "evidence"));
}

TEST_F(EvidenceOfAStudy, IsTheOnlyTableOfAFileOfCsv) {
  Record({{"routed", kClear}});
  const std::string text = Written(Compare({.evidence = true}), TableForm::kCsv);
  EXPECT_TRUE(text.starts_with(
      "study,arm,pairs,difference,difference half_width,adjusted_p,sign_flip_p,wilcoxon_p,"
      "bootstrap low,bootstrap high,bootstrap remark,effect_size,effect_size low,effect_size high,"
      "detectable,seeds_needed,noise_floor,verdict\r\nstudy,routed,6,"));
  EXPECT_TRUE(Says(text, ",(too short),"));
}

TEST_F(EvidenceOfAStudy, IsPartOfTheJson) {
  Record({{"a", kClear}, {"b", kMixed}});
  const auto json = nlohmann::json::parse(Written(Compare({.evidence = true}), TableForm::kJson));
  const auto& evidence = json.at("evidence");
  EXPECT_EQ(evidence.at("comparisons"), 2);
  EXPECT_EQ(evidence.at("arms").at(0).at("sign_flip").at("p"), 2.0 / 64);
  EXPECT_EQ(evidence.at("arms").at(0).at("sign_flip").at("exact"), true);
  EXPECT_EQ(evidence.at("arms").at(1).at("verdict"), "better");
  EXPECT_TRUE(evidence.at("arms").at(1).at("adjusted_equivalence_p").is_null());
}

TEST_F(EvidenceOfAStudy, StandsBehindACellOfADifference) {
  Record({{"routed", kClear}});
  LedgerReader reader(LedgerIn(folder_));
  const CellSource source = TraceCell(reader, Compare(), "routed,difference");
  const std::string text = ToText(source, "runs/stages");
  for (const char* line :
       {"how sure\n\n  sign-flip test: p = 0.03125 over all choices of signs, adjusted 0.03125, "
        "which no values take below 0.03125\n",
        "Wilcoxon's test: p = 0.03125 of ranks W+ = 0, W− = 21, adjusted 0.03125\n",
        "the interval is too short", "noise floor: means over 6 pairs"}) {
    EXPECT_TRUE(Says(text, line));
  }
  const auto json = nlohmann::json::parse(ToJson(source, "runs/stages"));
  EXPECT_EQ(json.at("evidence").at("wilcoxon").at("p"), 2.0 / 64);
  const CellSource mean = TraceCell(reader, Compare(), "routed,validation/loss");
  EXPECT_FALSE(Says(ToText(mean, ""), "how sure"));
  EXPECT_FALSE(nlohmann::json::parse(ToJson(mean, "")).contains("evidence"));
}

}  // namespace
}  // namespace upcycle
