#include "results/evidence/study_effects.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "results/comparison/compare_study.h"
#include "results/ledger/ledger_reader.h"
#include "tests/results/fixture.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class EffectsOfAStudy : public ::testing::Test {
 protected:
  // Arms with these changes, the baseline first, and what they reach beside what seeds do.
  StudyEffects Of(const std::vector<std::string>& changes, const std::vector<double>& losses) {
    std::vector<std::string> names;
    for (size_t i = 0; i < changes.size(); ++i) names.push_back("arm " + std::to_string(i));
    StudyRecord study = StudyOf(names, {0, 1, 2});
    for (size_t i = 0; i < changes.size(); ++i) study.arms[i].changes = changes[i];
    LedgerWriter writer(LedgerIn(folder_));
    writer.RecordStudy(study);
    const double noise[] = {0, 0.01, -0.02};
    for (size_t i = 0; i < changes.size(); ++i) {
      for (size_t seed = 0; seed < 3; ++seed) {
        CompleteRun(writer, names[i], static_cast<int64_t>(seed), {},
                    {ResultEvent("validation/loss", losses[i] + noise[seed])});
      }
    }
    LedgerReader reader(LedgerIn(folder_));
    return EffectsOf(CompareStudy(reader, "study"), nlohmann::json::parse(R"({"base": {}})"));
  }

  TemporaryFolder folder_;
};

TEST_F(EffectsOfAStudy, WithOneSettingAreItsTable) {
  const StudyEffects effects = Of({R"({"a": 0})", R"({"a": 1})", R"({"a": 2})"}, {3, 2.9, 2.8});
  EXPECT_FALSE(effects.has_design);
  EXPECT_EQ(effects.why_not,
            "This study varies a alone: what each of its values is worth is the table of the "
            "arms.");
}

// Of ±1 factors a, b, c the loss is 3 + 0.1·a + 0.1·a·b·c: half of the variation is the first's.
TEST_F(EffectsOfAStudy, SharesOfAGridAddUpToAll) {
  std::vector<std::string> changes;
  std::vector<double> losses;
  for (const int a : {-1, 1}) {
    for (const int b : {-1, 1}) {
      for (const int c : {-1, 1}) {
        changes.push_back(nlohmann::json{{"a", a}, {"b", b}, {"c", c}}.dump());
        losses.push_back(3 + 0.1 * a + 0.1 * a * b * c);
      }
    }
  }
  const StudyEffects effects = Of(changes, losses);
  ASSERT_TRUE(effects.has_design);
  const Table& shares = effects.tables.back();
  ASSERT_EQ(shares.rows.size(), 7u);
  EXPECT_EQ(shares.rows[0][0].text, "a");
  EXPECT_EQ(shares.rows[0][1].text, "50.0 %");
  EXPECT_EQ(shares.rows[1][1].text, "0.0 %");
  EXPECT_EQ(shares.rows[6][0].text, "three and more together");
  EXPECT_EQ(shares.rows[6][1].text, "50.0 %");
}

}  // namespace
}  // namespace upcycle
