// What `upcycle diff` understands, prints and refuses.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

class DiffCommandTest : public testing::Test {
 protected:
  DiffCommandTest() {
    LedgerWriter ledger(folder_ / "ledger.sqlite");
    StudyRecord study = StudyOf({"dense", "moe"}, {0, 1});
    ledger.RecordStudy(study);
    for (const std::string arm : {"dense", "moe"}) {
      const char* right = arm == "moe" ? "true" : "false";
      const std::string item =
          std::string(R"({"event": "item", "task": "arc", "number": 7, "record": "r", )") +
          R"("answer": 0, "log_likelihoods": [-1, -2], "correct": )" + right + "}";
      CompleteRun(ledger, arm, 0, {Point("train/loss", 10, arm == "moe" ? 0.5 : 0.75)},
                  {Event(item)});
    }
  }

  Finished Diff(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {"diff", "--root", folder_.path().native()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return RunProgram(words);
  }

  std::string Refusal(const std::vector<std::string>& arguments) const {
    const Finished result = Diff(arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    return result.err;
  }

  TemporaryFolder folder_;
};

TEST_F(DiffCommandTest, TellsWhereTwoRunsDiffer) {
  const Finished result = Diff({"study:dense/0", "study:moe/0", "--items"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(Says(result.out, "train/loss: 1 of 1 steps differ"));
  EXPECT_TRUE(Says(result.out, "first   step 10: 0.75 in A, 0.5 in B, -0.25"));
  EXPECT_TRUE(Says(result.out, "both get 0 right, only A 0, only B 1, neither 0"));
  EXPECT_TRUE(Says(result.out, "only B: 7\n"));
  EXPECT_FALSE(Says(Diff({"study:dense/0", "study:moe/0"}).out, "only B: 7\n"));
}

TEST_F(DiffCommandTest, PairsTheRunsOfArmsBySeed) {
  const Finished result = Diff({"study:dense", "study:moe", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  ASSERT_EQ(json.at("runs").size(), 2U);
  EXPECT_EQ(json.at("runs").at(0).at("stages").at(3).at("answers").at(0).at("only_b"),
            nlohmann::json({7}));
}

TEST_F(DiffCommandTest, SetsTheSameStudyOfTwoRootsAgainstItself) {
  const Finished result = Diff({"study", "study", "--other-root", folder_.path().native()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(Says(result.out, "train: the same stage"));
}

TEST_F(DiffCommandTest, SaysWhatThereIsWhereANameIsUnknown) {
  EXPECT_TRUE(Says(Refusal({"study:dense/0", "study:mo/0"}), "did you mean \"moe\"?"));
  EXPECT_TRUE(Says(Refusal({"stud", "study"}), "did you mean \"study\"?"));
  EXPECT_TRUE(Says(Refusal({"study:dense/0", "study:moe/7"}), "has no seed \"7\""));
  EXPECT_TRUE(Says(Refusal({"study:dense/0/train", "study:moe/0"}), "name its run, study:dense/0"));
  EXPECT_TRUE(Says(Refusal({"study", "study:moe"}), "two studies, two arms or two runs"));
  EXPECT_TRUE(Says(Refusal({"study", "study"}), "--other-root"));
  EXPECT_TRUE(Says(Refusal({"study:dense/0", "study:moe"}), "is a run and study:moe an arm"));
  EXPECT_TRUE(Says(Refusal({"study", "none.yaml"}), "none.yaml"));
  EXPECT_TRUE(Says(Refusal({"study:moe", "none.yaml"}), "a recipe or a whole study"));
}

}  // namespace
}  // namespace upcycle
