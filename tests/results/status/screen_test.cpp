#include "results/status/screen.h"

#include <gtest/gtest.h>

#include "results/tables/terminal_text.h"
#include "tests/says.h"

namespace upcycle {
namespace {

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

StageStatus Stage(StageState state, std::string user, std::string reason = "") {
  StageStatus status;
  status.stage.kind = "train";
  status.stage.state = state;
  status.stage.reason = std::move(reason);
  status.user = std::move(user);
  return status;
}

// A study of two arms: one is done, one runs.
ScreenFacts Facts() {
  ScreenFacts facts = {.root = "runs",
                       .machine = {.host = "lab",
                                   .cores = 2,
                                   .busy_share = 0.5,
                                   .memory_bytes = 8'000'000'000,
                                   .used_bytes = 2'000'000'000,
                                   .gpus = {}},
                       .now = 1000};
  StudyView view = {.name = "routing", .metric = "validation/loss", .share = 0.5};
  view.seconds_left = 125;
  view.runs[static_cast<size_t>(StageState::kComplete)] = 1;
  view.runs[static_cast<size_t>(StageState::kRunning)] = 1;
  view.arms = {{.name = "dense", .runs = {{0, StageState::kComplete, 1}}, .value = 0.75},
               {.name = "routed", .runs = {{0, StageState::kRunning, 0.5}}}};
  view.arms[0].counts[static_cast<size_t>(StageState::kComplete)] = 1;
  view.arms[1].counts[static_cast<size_t>(StageState::kRunning)] = 1;
  view.running = {Stage(StageState::kRunning, "routed, seed 0")};
  view.running[0].stage.step = 40;
  view.running[0].stage.steps = 80;
  view.messages = {{990, "retried", "train (routed, seed 0)", "attempt 1, killed"}};
  facts.studies = {view};
  facts.train_loss = {
      {"dense", 3, {{0, 4, 4, 4, 1}, {1, 3, 3, 3, 1}, {2, 2, 2, 2, 1}, {3, 1, 1, 1, 1}}},
      {"routed", 3, {{0, 3, 3, 3, 1}, {1, 2, 2, 2, 1}}}};
  facts.metric = facts.train_loss;
  return facts;
}

TEST(Screen, ShowsTheMachineTheStudyItsArmsAndWhatRuns) {
  const auto lines = ScreenLines(Facts(), {.columns = 80, .rows = 24});
  const std::string text = Joined(lines);
  EXPECT_TRUE(lines[0].starts_with("lab 2 cores 50 % busy, memory 2.000 GB of 8.000 GB"))
      << lines[0];
  EXPECT_TRUE(Says(text, "routing  ━━━━━━━━━━────────── 50 %, about 2:05 left"));
  EXPECT_TRUE(Says(text, "1 of 2 runs complete, 1 running"));
  EXPECT_TRUE(Says(text, "dense  ●"));
  EXPECT_TRUE(Says(text, "0.7500"));
  EXPECT_TRUE(Says(text, "◐ ━━━━━─────  50 % train (routed, seed 0)"));
  EXPECT_TRUE(Says(text, "10 s ago   train (routed, seed 0) retried: attempt 1, killed"));
}

TEST(Screen, FitsEveryTerminal) {
  ScreenFacts facts = Facts();
  facts.studies[0].name = "実験実験実験実験実験実験実験実験実験実験";
  facts.studies[0].arms[0].name = std::string(100, 'a');
  for (int i = 0; i < 50; ++i) {
    facts.studies[0].ended_early.push_back(Stage(StageState::kFailed, "x", std::string(200, 'r')));
    facts.studies[0].arms.push_back({.name = "more", .runs = {{0, StageState::kPlanned, 0}}});
  }
  for (const size_t columns : {1u, 20u, 40u, 60u, 80u, 200u}) {
    for (const size_t rows : {1u, 5u, 24u, 100u}) {
      const auto lines = ScreenLines(facts, {.columns = columns, .rows = rows});
      EXPECT_LE(lines.size(), rows);
      for (const std::string& line : lines) EXPECT_LE(ColumnsOf(line), columns) << line;
    }
  }
}

TEST(Screen, KeepsWhatRunsAndFailedWhereThereIsLittleRoom) {
  ScreenFacts facts = Facts();
  for (int i = 0; i < 30; ++i) facts.studies[0].arms.push_back(facts.studies[0].arms[0]);
  facts.studies[0].ended_early = {Stage(StageState::kFailed, "dense, seed 1", "no space")};
  const std::string text = Joined(ScreenLines(facts, {.columns = 80, .rows = 10}));
  EXPECT_TRUE(Says(text, "train (routed, seed 0)"));
  EXPECT_TRUE(Says(text, "✗ failed train (dense, seed 1): no space"));
  EXPECT_TRUE(Says(text, "and 29 more"));
}

TEST(Screen, IsReadableInFortyColumns) {
  const std::string text = Joined(ScreenLines(Facts(), {.columns = 40, .rows = 24}));
  EXPECT_TRUE(Says(text, "dense  ●"));
  EXPECT_TRUE(Says(text, "0.7500"));
  EXPECT_TRUE(Says(text, "◐  50 % train (routed, seed 0)"));
}

TEST(Screen, HasEscapesOnlyWithColor) {
  EXPECT_EQ(Joined(ScreenLines(Facts(), {.columns = 80})).find('\x1b'), std::string::npos);
  EXPECT_TRUE(
      Says(Joined(ScreenLines(Facts(), {.columns = 80, .color = true})), "\x1b[32m●\x1b[0m"));
}

TEST(Screen, ObeysNoControlCharacterAndNoMarkOfDirectionInNames) {
  ScreenFacts facts = Facts();
  facts.studies[0].arms[0].name = "a\x1b[2Jb\u202Ec";
  const std::string text = Joined(ScreenLines(facts, {.columns = 80}));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\u202E"), std::string::npos);
  EXPECT_TRUE(Says(text, "a [2Jb\uFFFDc"));
}

TEST(Screen, CountsSeedsThatAreTooMany) {
  ScreenFacts facts = Facts();
  facts.studies[0].arms[0].counts[static_cast<size_t>(StageState::kComplete)] = 900;
  facts.studies[0].arms[0].counts[static_cast<size_t>(StageState::kFailed)] = 2;
  EXPECT_TRUE(Says(Joined(ScreenLines(facts, {.columns = 100})), "900● 2✗"));
}

TEST(Screen, WithoutAStudySaysSo) {
  const ScreenFacts facts = {.root = "runs", .machine = {.host = "lab"}};
  EXPECT_EQ(Joined(ScreenLines(facts, {})), "lab  runs\nno studies yet\n");
}

TEST(Sparkline, LeavesBlankWhatWasNotReached) {
  const ArmCurve curve = {"a", 7, {{0, 8, 8, 8, 1}, {2, 1, 1, 1, 1}, {4, 4.5, 4.5, 4.5, 1}}};
  EXPECT_EQ(Sparkline(curve, 8, 1, 8), "██▁▁▅   ");
  EXPECT_EQ(Sparkline({"none", 0, {}}, 3, 0, 1), "   ");
}

TEST(ColumnsOf, CountsWideCharactersTwiceAndMarksNotAtAll) {
  EXPECT_EQ(ColumnsOf("aé実e\u0301"), 5u);
  EXPECT_EQ(CutToColumns("実験実", 4), "実…");
  EXPECT_EQ(CutToColumns("実験", 4), "実験");
  EXPECT_EQ(CutToColumns("abc", 0), "");
}

}  // namespace
}  // namespace upcycle
