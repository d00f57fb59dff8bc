#include "experiments/scheduling/early_stopping.h"

#include <gtest/gtest.h>

#include "results/ledger/ledger_writer.h"
#include "tests/results/fixture.h"
#include "tests/says.h"

namespace upcycle {
namespace {

using Kind = EarlyStopping::Ruling::Kind;

// Four arms with two seeds, compared after 100, 200 and 400 of 500 steps.
class EarlyStoppingTest : public testing::Test {
 protected:
  EarlyStoppingTest() : writer_(LedgerIn(folder_)) { Use("halving"); }

  void Use(const std::string& method) {
    Put(folder_ / "recipe.yaml",
        "name: search\n"
        "data: {train: [{kind: atlas, people: 8}]}\n"
        "model: {sequence_length: 32}\n"
        "train: {batch_sequences: 4, tokens: 64000, validate_every: 20}\n"
        "early_stopping: {method: " +
            method +
            ", first: 0.2}\n"
            "baseline: a\n"
            "arms:\n"
            "  - {name: a}\n"
            "  - {name: b, train: {learning_rate: {peak: 0.002}}}\n"
            "  - {name: c, train: {learning_rate: {peak: 0.003}}}\n"
            "  - {name: d, train: {learning_rate: {peak: 0.004}}}\n"
            "seeds: 2\n"
            "allow: untuned_rate\n");
    study_ = MakeStudy(LoadRecipe(folder_ / "recipe.yaml", {}));
    writer_.RecordStudy(RecordOf(study_));
    stopping_.emplace(study_, LedgerIn(folder_));
  }

  Fingerprint Training(size_t arm, int64_t seed) const {
    for (const Study::Run& run : study_.runs) {
      if (run.arm == arm && run.seed == seed) return run.stages.at(StageRole::kTrain);
    }
    return {};
  }
  // Both seeds of the arm came to this step with about this loss.
  void Reach(size_t arm, int64_t step, double loss) {
    for (const int64_t seed : {0, 1}) {
      const double sign = seed == 0 ? -0.125 : 0.125;
      IngestNext(writer_, Training(arm, seed), {Point("validation/loss", step, loss + sign)});
      stopping_->Look(Training(arm, seed));
    }
  }
  Kind KindOf(size_t arm, int64_t seed = 0) { return stopping_->Of(Training(arm, seed)).kind; }
  std::optional<int64_t> UntilOf(size_t arm) { return stopping_->Of(Training(arm, 0)).until; }

  TemporaryFolder folder_;
  LedgerWriter writer_;
  Study study_;
  std::optional<EarlyStopping> stopping_;
};

TEST_F(EarlyStoppingTest, LetsEveryArmComeToTheFirstDecisionAndWaitThere) {
  for (size_t arm = 0; arm < 4; ++arm) EXPECT_EQ(UntilOf(arm), 100);
  Reach(0, 100, 3);
  Reach(1, 100, 2);
  EXPECT_EQ(KindOf(0), Kind::kWait);
  EXPECT_TRUE(Says(stopping_->Of(Training(0, 0)).reason, "1 of 3 decisions"));
  EXPECT_EQ(KindOf(2), Kind::kGo);
  EXPECT_EQ(UntilOf(2), 100);
}

TEST_F(EarlyStoppingTest, KeepsTheBetterHalfEachTimeAndTheBaselineAlways) {
  Reach(0, 100, 5);
  Reach(1, 100, 2);
  Reach(2, 100, 3);
  Reach(3, 100, 4);
  EXPECT_EQ(UntilOf(0), 200) << "the baseline";
  EXPECT_EQ(UntilOf(1), 200);
  EXPECT_EQ(UntilOf(2), 200);
  EXPECT_EQ(KindOf(3, 0), Kind::kEnd);
  EXPECT_EQ(KindOf(3, 1), Kind::kEnd);
  EXPECT_EQ(stopping_->Of(Training(3, 0)).reason,
            "its validation/loss of 4 after 100 steps was above 3, the 2 best of the 4 arms that "
            "had come as far");
  Reach(0, 200, 5);
  Reach(1, 200, 2.5);
  Reach(2, 200, 2.25);
  EXPECT_EQ(UntilOf(1), 400) << "of three two are kept";
  Reach(0, 400, 5);
  Reach(1, 400, 2);
  Reach(2, 400, 2.25);
  EXPECT_EQ(KindOf(1), Kind::kGo);
  EXPECT_EQ(UntilOf(1), std::nullopt) << "to its end";
  EXPECT_EQ(UntilOf(0), std::nullopt);
}

TEST_F(EarlyStoppingTest, EndsWhatIsWorseThanTheMedian) {
  Use("median");
  Reach(0, 100, 1);
  Reach(1, 100, 2);
  Reach(2, 100, 3);
  Reach(3, 100, 4);
  EXPECT_EQ(UntilOf(1), 200);
  EXPECT_EQ(KindOf(2), Kind::kEnd);
  EXPECT_TRUE(Says(stopping_->Of(Training(2, 0)).reason, "above 2, the median"));
}

TEST_F(EarlyStoppingTest, WaitsForNoArmThatWillNotCome) {
  Reach(0, 100, 1);
  Reach(1, 100, 2);
  Reach(2, 100, 3);
  EXPECT_EQ(KindOf(2), Kind::kWait);
  stopping_->Drop(Training(3, 1));
  EXPECT_EQ(KindOf(2), Kind::kEnd) << "third of three";
  EXPECT_EQ(KindOf(3, 0), Kind::kGo) << "its other seed is compared with nothing";
  EXPECT_EQ(UntilOf(3), std::nullopt);
}

TEST_F(EarlyStoppingTest, TakesALossThatIsNoNumberForTheWorst) {
  Reach(0, 100, 1);
  Reach(1, 100, std::numeric_limits<double>::quiet_NaN());
  Reach(2, 100, 3);
  Reach(3, 100, 2);
  EXPECT_EQ(KindOf(1), Kind::kEnd);
}

TEST_F(EarlyStoppingTest, DecidesTheSameInWhateverOrderValuesCome) {
  Reach(3, 100, 4);
  Reach(3, 200, 0.5);  // from an earlier study that trained it to its end
  Reach(2, 100, 3);
  Reach(1, 100, 2);
  Reach(0, 100, 1);
  EXPECT_EQ(KindOf(3), Kind::kEnd);
  const EarlyStopping again(study_, LedgerIn(folder_));
  EXPECT_EQ(again.Of(Training(3, 0)).kind, Kind::kEnd);
  EXPECT_EQ(again.Of(Training(1, 0)).until, 200);
}

TEST_F(EarlyStoppingTest, IsOffUnlessAskedFor) {
  Use("none");
  Reach(0, 100, 1);
  EXPECT_EQ(KindOf(0), Kind::kGo);
  EXPECT_EQ(UntilOf(0), std::nullopt);
}

}  // namespace
}  // namespace upcycle
