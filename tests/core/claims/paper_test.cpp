#include "core/claims/paper.h"

#include <string>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr const char* kStudy = R"(name: study
data: {train: [{kind: atlas}]}
upcycle: copy
allow: [two_factors, unequal_compute, untuned_rate]
sizes: {lab: {}, paper: {model: {width: 512}}}
arms:
  - {name: dense, upcycle: none}
  - {name: E8T2}
  - {name: E8T2 with room, moe.capacity_factor: 4}
  - {name: E8T1, moe.top_k: 1}
)";

constexpr const char* kClaims = R"(paper: {title: A made-up paper, source: nowhere}
claims:
  - id: better
    claim: Upcycling is better.
    where: figure 1
    number: 1.1 %
    study: study.yaml
    expect: {arm: E8T2, is: better, than: dense}
  - id: best
    claim: And the best.
    study: study.yaml
    expect: {arm: E8T2, best_of: [dense, E8T1], metric: atlas/accuracy, at: 10%}
  - id: size
    claim: It has many parameters.
    study: study.yaml
    count: {arm: E8T2, quantity: parameters_total, is: 47.49B, within: 0.1%, size: paper}
    because: It counts otherwise.
)";

class Papers : public testing::Test {
 protected:
  Papers() {
    Put(folder_ / "study.yaml", kStudy);
    Put(folder_ / "claims.yaml", kClaims);
  }
  // What is wrong with claims that are one list item in flow style.
  std::string Mistakes(const std::string& claim) const {
    Put(folder_ / "claims.yaml", "paper: {title: t}\nclaims:\n  - " + claim + "\n");
    return Load();
  }
  std::string Load(const PaperOptions& options = {}) const {
    try {
      LoadPaper(folder_.path(), options);
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::kInput);
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder_;
};

TEST_F(Papers, AreReadWithTheirStudies) {
  const Paper paper = LoadPaper(folder_.path(), {});
  EXPECT_EQ(paper.text.title, "A made-up paper");
  EXPECT_EQ(paper.name, folder_.path().filename().string());
  ASSERT_EQ(paper.claims.size(), 3u);
  ASSERT_EQ(paper.studies.size(), 2u);
  EXPECT_EQ(paper.studies[0].recipe.name, "study");
  EXPECT_TRUE(paper.studies[0].is_run);
  EXPECT_EQ(paper.studies[1].recipe.name, "study-paper");
  EXPECT_FALSE(paper.studies[1].is_run);
  EXPECT_EQ(paper.claims[1].study, 0u);
  EXPECT_EQ(paper.claims[1].claim.expect.best_of.size(), 2u);
  EXPECT_DOUBLE_EQ(paper.claims[1].claim.expect.at, 0.1);
  EXPECT_EQ(paper.claims[2].study, 1u);
  EXPECT_DOUBLE_EQ(paper.claims[2].claim.count.is, 47.49e9);
  EXPECT_EQ(paper.claims[2].claim.because, "It counts otherwise.");
}

TEST_F(Papers, AreReadAtASizeAndWithOverrides) {
  const Paper paper = LoadPaper(folder_.path(), {"paper", {"seeds=3"}, {}});
  ASSERT_EQ(paper.studies.size(), 1u);
  EXPECT_EQ(paper.studies[0].recipe.name, "study-paper");
  EXPECT_EQ(paper.studies[0].recipe.seeds.size(), 3u);
  EXPECT_TRUE(paper.studies[0].is_run);
  EXPECT_EQ(LoadPaper(folder_.path(), {"lab", {}, {}}).studies.size(), 2u);
}

TEST_F(Papers, ShowAllTheMistakesOfTheirClaimsAtOnce) {
  Put(folder_ / "claims.yaml",
      "paper: {source: nowhere}\n"
      "claims:\n"
      "  - {id: a, claim: x, study: study.yaml, expect: {arm: E8T2, is: beter, than: dense}}\n"
      "  - {id: a, claim: x, study: study.yaml}\n"
      "  - {id: c, claim: x, study: study.yaml, expect: {arm: E8T2, is: alike, than: dense}}\n"
      "  - {id: d, study: other.yaml, count: {arm: E8T2, is: 3}}\n");
  const std::string text = Load();
  EXPECT_TRUE(Says(text, "claims.yaml:1:1: error: a paper without a title"));
  EXPECT_TRUE(Says(text, "claims.yaml:3:66: error: claims.0.expect.is cannot be \"beter\""));
  EXPECT_TRUE(Says(text, "did you mean \"better\"?"));
  EXPECT_TRUE(Says(text, "claims.yaml:4:5: error: a claim with neither `expect` nor `count`"));
  EXPECT_TRUE(Says(text, "claims.yaml:4:10: error: two claims have the id a"));
  EXPECT_TRUE(Says(text, "claims.yaml:5:42: error: alike within what?"));
  EXPECT_TRUE(Says(text, "claims.yaml:6:5: error: a claim without claim"));
  EXPECT_TRUE(Says(text, "claims.yaml:6:32: error: a count without `quantity`"));
  EXPECT_TRUE(Says(text, "claims.yaml:6:20: error: there is no recipe"));
}

TEST_F(Papers, NameTheArmsThatAStudyDoesNotHave) {
  const std::string text = Mistakes(
      "{id: a, claim: x, study: study.yaml, expect: {arm: E8T3, is: better, than: dense}}");
  EXPECT_TRUE(Says(text, "claims.yaml:3:56: error: study has no arm \"E8T3\""));
  EXPECT_TRUE(Says(text, "expected one of dense, E8T2, E8T1"));
}

TEST_F(Papers, TellOfAnArmThatIsAnothersRunWhichOneAndWhy) {
  const std::string text = Mistakes(
      "{id: a, claim: x, study: study.yaml, expect: {arm: E8T1, is: better, than: E8T2 with "
      "room}}");
  EXPECT_TRUE(Says(text,
                   "arm \"E8T2 with room\" of study is the same run as arm \"E8T2\": "
                   "moe.capacity_factor differs, but a capacity factor of 4 with 8 experts, top-2, "
                   "can drop nothing: it is dropless"));
  EXPECT_TRUE(Says(text, "expected \"E8T2\", which is kept"));
}

TEST_F(Papers, RefuseMetricsThatAnArmDoesNotRecordOrThatHaveNoGoal) {
  EXPECT_TRUE(Says(Mistakes("{id: a, claim: x, study: study.yaml, expect: {arm: E8T2, is: higher, "
                            "than: dense, metric: moe/parent_cosine}}"),
                   "arm \"dense\" does not record moe/parent_cosine"));
  EXPECT_TRUE(Says(Mistakes("{id: a, claim: x, study: study.yaml, expect: {arm: E8T2, is: better, "
                            "than: E8T1, metric: moe/parent_cosine}}"),
                   "which values of moe/parent_cosine are better, its name does not say"));
  EXPECT_EQ(Mistakes("{id: a, claim: x, study: study.yaml, expect: {arm: E8T2, is: higher, than: "
                     "E8T1, metric: moe/parent_cosine}}"),
            "");
}

TEST_F(Papers, RefuseAnArmAgainstItselfAndWordsThatExcludeEachOther) {
  EXPECT_TRUE(Says(Mistakes("{id: a, claim: x, study: study.yaml, expect: {arm: E8T2, is: better, "
                            "than: E8T2}}"),
                   "\"E8T2\" is compared with itself"));
  EXPECT_TRUE(Says(Mistakes("{id: a, claim: x, study: study.yaml, expect: {arm: E8T2, is: better, "
                            "best_of: [dense]}}"),
                   "best_of beside `is` or `than`"));
  EXPECT_TRUE(Says(Mistakes("{id: a, claim: x, study: study.yaml, expect: {arm: E8T2, is: better, "
                            "than: dense, within: 1%}}"),
                   "within is read for `is: alike` and `is: no_better` alone"));
}

TEST_F(Papers, ShowTheMistakesOfTheirRecipesBesideTheirOwn) {
  Put(folder_ / "study.yaml", "name: study\nmoe: {topk: 2}\ndata: {train: [{kind: atlas}]}\n");
  const std::string text = Mistakes("{id: a, claim: x, study: study.yaml, exspect: {arm: E8T2}}");
  EXPECT_TRUE(Says(text, "claims.yaml:3:42: error: there is no key \"exspect\" in claims.0"));
  EXPECT_FALSE(Says(text, "neither"));
  EXPECT_TRUE(Says(text, "study.yaml:2:7: error: there is no key \"topk\" in moe"));
}

TEST_F(Papers, WithoutClaimsAreRefused) {
  Put(folder_ / "claims.yaml", "paper: {title: t}\n");
  EXPECT_TRUE(Says(Load(), "there are no claims"));
  Put(folder_ / "claims.yaml", "[1, 2]");
  EXPECT_TRUE(Says(Load(), "a paper's claims cannot be a list"));
}

}  // namespace
}  // namespace upcycle
