// The export of a comparison as JSON: what it holds, and that results/README.md names each key.

#include "results/export/comparison_json.h"

#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "results/comparison/compare_study.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using nlohmann::json;

class ComparisonJson : public testing::Test {
 protected:
  ComparisonJson() {
    study_.table.margin = 0.5;
    study_.arms[1].cost = {.train_flops = 7.5e14, .branch_train_flops = 2e12, .experts = 8};
  }

  json Export(const CompareOptions& options = {}) {
    LedgerWriter writer(LedgerIn(folder_));
    writer.RecordStudy(study_);
    const std::vector<double> differences = {-0.06, -0.08, -0.02, -0.09};
    for (int64_t seed = 0; seed < 4; ++seed) {
      Complete(writer, "dense", seed, 3 + 0.01 * static_cast<double>(seed));
      Complete(writer, "routed", seed,
               3 + 0.01 * static_cast<double>(seed) + differences[static_cast<size_t>(seed)]);
    }
    LedgerReader reader(LedgerIn(folder_));
    return json::parse(ToJson(CompareStudy(reader, "study", options)));
  }

  TemporaryFolder folder_;
  StudyRecord study_ = StudyOf({"dense", "routed"}, {0, 1, 2, 3});

 private:
  static void Complete(LedgerWriter& writer, std::string_view arm, int64_t seed, double loss) {
    CompleteRun(writer, arm, seed, {}, {ResultEvent("validation/loss", loss)});
  }
};

TEST_F(ComparisonJson, SaysByWhichRulesVerdictsCameAbout) {
  const json rules = Export().at("rules");
  EXPECT_EQ(rules.at("comparisons"), 1);
  EXPECT_DOUBLE_EQ(rules.at("level").get<double>(), 1 - 0.95);
  EXPECT_EQ(rules.at("interval"), 0.95);
  EXPECT_EQ(rules.at("margin"), 0.5);
  EXPECT_EQ(rules.at("sequential"), false);
  EXPECT_FALSE(rules.contains("first_seeds"));
}

TEST_F(ComparisonJson, HasTheSeedsOfASequentialTest) {
  study_.table.margin = 0;
  study_.table.first_seeds = 3;
  study_.table.most_seeds = 4;
  const json found = Export();
  EXPECT_EQ(found.at("rules").at("sequential"), true);
  EXPECT_EQ(found.at("rules").at("first_seeds"), 3);
  EXPECT_EQ(found.at("rules").at("most_seeds"), 4);
  EXPECT_TRUE(found.at("rules").contains("seeds_are_over"));
  EXPECT_GE(found.at("arms").at(1).at("seeds_asked").get<int>(), 3);
}

TEST_F(ComparisonJson, HasBothTestsOfAnArmAndItsCost) {
  const json found = Export();
  EXPECT_FALSE(found.at("arms").at(0).contains("against_baseline"));
  const json& test = found.at("arms").at(1).at("against_baseline");
  EXPECT_EQ(test.at("difference").at("count"), 4);
  EXPECT_NEAR(test.at("difference").at("mean").get<double>(), -0.0625, 1e-12);
  EXPECT_GT(test.at("p").get<double>(), 0);
  EXPECT_EQ(test.at("adjusted_p"), test.at("p")) << "a family of one";
  // Both one-sided tests against 0.5 are far from their bounds.
  EXPECT_LT(test.at("adjusted_equivalence_p").get<double>(), 0.001);
  const json& cost = found.at("arms").at(1).at("cost");
  EXPECT_EQ(cost.at("train_flops"), 7.5e14);
  EXPECT_EQ(cost.at("branch_train_flops"), 2e12);
}

TEST_F(ComparisonJson, WritesWhatWasNotTestedAsNull) {
  study_.table.margin = 0;
  const json found = Export();
  EXPECT_TRUE(found.at("arms").at(1).at("against_baseline").at("adjusted_equivalence_p").is_null());
}

// The keys of the parts that have fixed ones.
void CollectKeys(const json& part, std::set<std::string>* keys) {
  for (const auto& [key, value] : part.items()) keys->insert(key);
}

TEST_F(ComparisonJson, HasNoKeyThatItsDescriptionDoesNotName) {
  const json found = Export();
  const json& arm = found.at("arms").at(1);
  std::set<std::string> keys;
  CollectKeys(found, &keys);
  CollectKeys(arm, &keys);
  for (const char* part : {"against_baseline", "cost"}) CollectKeys(arm.at(part), &keys);
  CollectKeys(arm.at("against_baseline").at("difference"), &keys);
  CollectKeys(arm.at("runs").at(0), &keys);
  CollectKeys(found.at("rules"), &keys);
  CollectKeys(found.at("table"), &keys);
  const std::string readme = ReadTextFile(UPCYCLE_RESULTS_PAGE);
  const size_t begin = readme.find("## What the JSON of a comparison holds");
  ASSERT_NE(begin, std::string::npos);
  const std::string section = readme.substr(begin, readme.find("\n## ", begin + 1) - begin);
  for (const std::string& key : keys) EXPECT_TRUE(Says(section, fmt::format("`{}`", key))) << key;
}

}  // namespace
}  // namespace upcycle
