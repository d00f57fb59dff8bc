#include "core/file_lock.h"

#include <atomic>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "tests/caught_error.h"
#include "tests/processes.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

TEST(FileLock, IsRefusedWhileAnotherHolderLives) {
  TemporaryFolder folder;
  const auto lock = FileLock::TryAcquire(folder / "lock");
  ASSERT_TRUE(lock.has_value());
  EXPECT_FALSE(FileLock::TryAcquire(folder / "lock").has_value());
  EXPECT_TRUE(FileLock::TryAcquire(folder / "other").has_value());
}

TEST(FileLock, IsRefusedToAnotherProcessUntilItIsDropped) {
  TemporaryFolder folder;
  const auto acquired = [&] { return FileLock::TryAcquire(folder / "lock").has_value() ? 1 : 0; };
  auto lock = FileLock::TryAcquire(folder / "lock");
  EXPECT_EQ(StatusOfChild(acquired), 0);
  lock.reset();
  EXPECT_EQ(StatusOfChild(acquired), 1);
}

TEST(FileLock, EndsWithTheProcessThatHeldItHoweverItEnds) {
  TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = FileLock::TryAcquire(folder / "lock");
    const char answer = lock.has_value() ? 'y' : 'n';
    WriteAll(ready[1], &answer, 1, "pipe");
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  EXPECT_FALSE(FileLock::TryAcquire(folder / "lock").has_value());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::TryAcquire(folder / "lock").has_value());
  close(ready[0]);
  close(ready[1]);
}

TEST(FileLock, IsHeldWhileAnybodyHoldsIt) {
  TemporaryFolder folder;
  EXPECT_FALSE(FileLock::IsHeld(folder / "lock"));
  EXPECT_FALSE(fs::exists(folder / "lock")) << "looking makes no file";
  auto lock = FileLock::TryAcquire(folder / "lock");
  EXPECT_TRUE(FileLock::IsHeld(folder / "lock"));
  lock.reset();
  EXPECT_FALSE(FileLock::IsHeld(folder / "lock"));
}

TEST(FileLock, IsNotRefusedForSomebodyWhoOnlyLooks) {
  TemporaryFolder folder;
  std::atomic<bool> is_over = false;
  std::thread looking([&] {
    while (!is_over) FileLock::IsHeld(folder / "lock");
  });
  int acquired = 0;
  for (int i = 0; i < 2000; ++i) acquired += FileLock::TryAcquire(folder / "lock").has_value();
  is_over = true;
  looking.join();
  EXPECT_EQ(acquired, 2000);
}

TEST(FileLock, NamesItsHolder) {
  TemporaryFolder folder;
  EXPECT_EQ(FileLock::HolderOf(folder / "lock"), std::nullopt);
  auto lock = FileLock::TryAcquire(folder / "lock");
  EXPECT_EQ(FileLock::HolderOf(folder / "lock"), ThisProcess());
  lock.reset();
  EXPECT_EQ(FileLock::HolderOf(folder / "lock"), std::nullopt);
  EXPECT_EQ(StatusOfChild([&] {
              const auto lost = FileLock::TryAcquire(folder / "lock");
              return 0;
            }),
            0);
  lock = FileLock::TryAcquire(folder / "lock");
  EXPECT_EQ(FileLock::HolderOf(folder / "lock"), ThisProcess()) << "not the one before";
}

TEST(FileLock, SaysThatSomebodyHoldsItWhereItDoesNotSayWho) {
  TemporaryFolder folder;
  Put(folder / "lock", "scribbled over");
  const FileDescriptor other = OpenFile(folder / "lock", O_RDONLY, "open");
  ASSERT_EQ(flock(other.get(), LOCK_EX), 0);
  EXPECT_EQ(FileLock::HolderOf(folder / "lock"), ProcessIdentity{});
}

TEST(FileLock, BlamesTheInputForAMissingFolder) {
  EXPECT_EQ(CauseOf([] { FileLock::TryAcquire("/nonexistent/lock"); }), Cause::kInput);
}

}  // namespace
}  // namespace upcycle
