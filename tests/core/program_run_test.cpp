#include "core/program_run.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(ProgramRun, GivesWhatTheProgramPrintsAndItsExitCode) {
  const ProgramEnd end = RunToEnd({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(end.out, "out\n");
  EXPECT_EQ(end.err, "err\n");
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_FALSE(end.Succeeded());
}

TEST(ProgramRun, HandsOverInputAndArgumentsAsTheyAre) {
  const std::string input(1 << 20, 'x');
  EXPECT_EQ(RunToEnd({"cat"}, input).out, input);
  EXPECT_EQ(RunToEnd({"printf", "%s|", "a b", "$HOME", ""}).out, "a b|$HOME||");
}

TEST(ProgramRun, TellsAProgramThatIsMissingOrTakesTooLong) {
  EXPECT_EQ(RunToEnd({"upcycle-no-such-program"}).exit_code, 127);
  const ProgramEnd late = RunToEnd({"sleep", "60"}, "", std::chrono::milliseconds(50));
  EXPECT_TRUE(late.timed_out);
  EXPECT_EQ(late.exit_code, 128 + 9);
}

}  // namespace
}  // namespace upcycle
