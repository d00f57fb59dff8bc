// Who may change a root, through a command that does.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/file_lock.h"
#include "tests/processes.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

class RootLock : public testing::Test {
 protected:
  RootLock() { LedgerWriter(LedgerIn(folder_)).RecordStudy(StudyOf({"dense"}, {0})); }

  std::vector<std::string> Words() const {
    return {"gc", "--yes", "--root", folder_.path().native()};
  }
  fs::path Lock() const { return folder_ / "scheduler.lock"; }

  TemporaryFolder folder_;
};

TEST_F(RootLock, IsRefusedWhileItsHolderLives) {
  const auto lock = FileLock::TryAcquire(Lock());
  const Finished refused = RunProgram(Words());
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(Says(refused.err, Describe(ThisProcess())));
}

// As a scheduler that is killed just where it starts a worker, which has what it had until it gets
// to run.
TEST_F(RootLock, IsWaitedForWhereAChildOfItsHolderHasItStill) {
  int release[2];
  ASSERT_EQ(pipe2(release, O_CLOEXEC), 0);
  ASSERT_EQ(StatusOfChild([&] {
              const auto lock = FileLock::TryAcquire(Lock());
              if (fork() > 0) return lock ? 0 : 1;
              char nothing;
              close(release[1]);
              _exit(static_cast<int>(read(release[0], &nothing, 1)));  // until nobody writes
            }),
            0);
  ASSERT_TRUE(FileLock::IsHeld(Lock()));
  Program gc(Words());
  int looks = 0;
  EXPECT_TRUE(gc.Await([&] { return ++looks == 50; })) << gc.ErrorsSoFar();
  close(release[0]);
  close(release[1]);
  const Finished finished = gc.Wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
}

}  // namespace
}  // namespace upcycle
