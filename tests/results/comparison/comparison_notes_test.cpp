// What the notes under a table say of seeds that are missing, and of how many there are.

#include "results/comparison/comparison_notes.h"

#include <algorithm>
#include <span>

#include <gtest/gtest.h>

#include "results/comparison/compare_study.h"
#include "results/ledger/ledger_reader.h"
#include "tests/results/fixture.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr double kDense[] = {3.16, 3.13, 3.22, 3.24, 3.15, 3.15};
constexpr double kRouted[] = {3.10, 3.05, 3.20, 3.15, 3.08, 3.12};

class Noting : public ::testing::Test {
 protected:
  Noting() : writer(LedgerIn(folder)), study(StudyOf({"dense", "routed"}, {0, 1, 2, 3, 4, 5})) {}

  void Finish(const std::string& arm, std::span<const double> losses) {
    for (size_t seed = 0; seed < losses.size(); ++seed) {
      CompleteRun(writer, arm, static_cast<int64_t>(seed), {},
                  {ResultEvent("validation/loss", losses[seed])});
    }
  }
  std::vector<std::string> Notes(const CompareOptions& options = {}) {
    LedgerReader reader(LedgerIn(folder));
    return NotesOn(CompareStudy(reader, "study", options));
  }
  static bool HasNote(const std::vector<std::string>& notes, const std::string& note) {
    return std::ranges::find(notes, note) != notes.end();
  }

  TemporaryFolder folder;
  LedgerWriter writer;
  StudyRecord study;
};

TEST_F(Noting, SaysHowManySeedsOfACompleteRunHaveNoValue) {
  writer.RecordStudy(study);
  for (int64_t seed = 0; seed < 6; ++seed) CompleteRun(writer, "dense", seed, {}, {});
  EXPECT_TRUE(HasNote(Notes(), "Missing. dense: seeds 0, 1, 2, 3, 4, 5 have no value."));
}

TEST_F(Noting, SaysNothingOfTheSeedsWhereNoTestWasMade) {
  writer.RecordStudy(study);
  const std::vector<std::string> notes = Notes();
  EXPECT_TRUE(std::none_of(notes.begin(), notes.end(),
                           [](const std::string& note) { return note.starts_with("Seeds."); }));
}

TEST_F(Noting, SaysWhatThreeSeedsCannotShow) {
  study = StudyOf({"dense", "routed"}, {0, 1, 2});
  writer.RecordStudy(study);
  Finish("dense", std::span(kDense).first(3));
  Finish("routed", std::span(kRouted).first(3));
  EXPECT_TRUE(HasNote(Notes(),
                      "Seeds. 3 paired seeds: no exact test (sign-flip, Wilcoxon) can go below p = "
                      "0.25, so a verdict rests on the differences being normal."));
}

TEST_F(Noting, SaysWhatNoExactTestCanFindOfTheMostPairsAndOfTheFewest) {
  study = StudyOf({"dense", "routed", "late"}, {0, 1, 2, 3, 4, 5});
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", kRouted);
  Finish("late", std::span(kRouted).first(2));
  EXPECT_TRUE(HasNote(
      Notes({.allow_incomplete = true}),
      "Seeds. 2 to 6 paired seeds an arm: no exact test (sign-flip, Wilcoxon) can go below p = "
      "0.031, adjusted 0.062 with 6, and 0.50, adjusted 1.0 with 2. A verdict rests on the "
      "differences being normal."));
}

TEST_F(Noting, SaysThatAVerdictOfFewPairsRestsOnNormalDifferences) {
  writer.RecordStudy(study = StudyOf({"dense", "routed", "late"}, {0, 1, 2, 3, 4, 5, 6, 7}));
  const double dense[] = {1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7};
  const double routed[] = {0.9, 1.05, 1.1, 1.25, 1.3, 1.45, 1.5, 1.65};
  Finish("dense", dense);
  Finish("routed", routed);
  Finish("late", std::span(routed).first(3));
  EXPECT_TRUE(HasNote(
      Notes({.allow_incomplete = true}),
      "Seeds. 3 to 8 paired seeds an arm: no exact test (sign-flip, Wilcoxon) can go below p = "
      "0.0078, adjusted 0.016 with 8, and 0.25, adjusted 0.50 with 3. With so few a verdict rests "
      "on the differences being normal."));
}

TEST_F(Noting, TellsNamesWithCommasApart) {
  writer.RecordStudy(study = StudyOf({"dense", "before, std 0.2", "after, std 0.2"}, {0, 1}));
  EXPECT_TRUE(HasNote(Notes(),
                      "No verdict. before, std 0.2; after, std 0.2 are incomplete: 2 of 2 paired "
                      "seeds have no result."));
}

TEST_F(Noting, SaysWhatSixSeedsCannotShowOfSeveralArms) {
  study = StudyOf({"dense", "routed", "shared"}, {0, 1, 2, 3, 4, 5});
  writer.RecordStudy(study);
  Finish("dense", kDense);
  Finish("routed", kRouted);
  Finish("shared", kRouted);
  EXPECT_TRUE(
      HasNote(Notes(),
              "Seeds. 6 paired seeds: no exact test (sign-flip, Wilcoxon) can go below p = "
              "0.031, adjusted 0.062, so a verdict rests on the differences being normal."));
}

}  // namespace
}  // namespace upcycle
