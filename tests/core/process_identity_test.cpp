#include "core/process_identity.h"

#include <csignal>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/processes.h"

namespace upcycle {
namespace {

TEST(ProcessIdentity, SurvivesBeingWrittenDown) {
  const ProcessIdentity process = ThisProcess();
  EXPECT_EQ(process.pid, getpid());
  EXPECT_GT(process.start_ticks, 0u);
  EXPECT_EQ(ProcessFromText(TextOf(process)), process);
  EXPECT_EQ(ProcessFromText(TextOf(process) + "     \n"), process);
}

TEST(ProcessIdentity, IsNothingWhereTheTextIsNone) {
  for (const char* text : {"", "word", "12", "12 13", "-4 1 boot host", "0 1 boot host", "x 1 b h"})
    EXPECT_EQ(ProcessFromText(text), std::nullopt) << text;
}

TEST(ProcessIdentity, OpensTheProcessAndTellsWhenItEnds) {
  int begun[2];
  ASSERT_EQ(pipe(begun), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string text = TextOf(ThisProcess());
    WriteAll(begun[1], text.data(), text.size(), "pipe");
    pause();
    _exit(0);
  }
  char text[512] = {};
  ASSERT_GT(read(begun[0], text, sizeof text - 1), 0);
  const auto process = ProcessFromText(text);
  ASSERT_TRUE(process.has_value());
  const auto opened = OpenProcess(*process);
  ASSERT_TRUE(opened.has_value());
  pollfd end = {opened->get(), POLLIN, 0};
  EXPECT_EQ(poll(&end, 1, 0), 0);
  kill(child, SIGKILL);
  EXPECT_EQ(poll(&end, 1, 60'000), 1);
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(OpenProcess(*process).has_value());
  close(begun[0]);
  close(begun[1]);
}

TEST(ProcessIdentity, OpensNoOtherProcessOfTheSameNumber) {
  const ProcessIdentity process = ThisProcess();
  EXPECT_TRUE(OpenProcess(process).has_value());
  ProcessIdentity later = process, elsewhere = process, before = process, nobody = process;
  ++later.start_ticks;
  elsewhere.host += "-2";
  before.boot = "another";
  nobody.pid = EndedProcess();
  for (const ProcessIdentity& other : {later, elsewhere, before, nobody, ProcessIdentity{}})
    EXPECT_FALSE(OpenProcess(other).has_value()) << TextOf(other);
}

}  // namespace
}  // namespace upcycle
