#include "core/error.h"

#include <cerrno>
#include <filesystem>

#include <gtest/gtest.h>

#include "core/check.h"
#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr Cause kEveryCause[] = {Cause::kInput,       Cause::kMemory,  Cause::kDeviceMemory,
                                 Cause::kDisk,        Cause::kDevice,  Cause::kDiverged,
                                 Cause::kInterrupted, Cause::kTimeout, Cause::kKilled,
                                 Cause::kLost,        Cause::kBug};

TEST(Cause, IsFoundAgainByItsName) {
  for (Cause cause : kEveryCause) EXPECT_EQ(CauseFromName(CauseName(cause)), cause);
}

TEST(Cause, HasTheNamesThatAreStored) {
  EXPECT_EQ(CauseName(Cause::kInput), "input");
  EXPECT_EQ(CauseName(Cause::kMemory), "memory");
  EXPECT_EQ(CauseName(Cause::kDeviceMemory), "device_memory");
  EXPECT_EQ(CauseName(Cause::kDisk), "disk");
  EXPECT_EQ(CauseName(Cause::kDevice), "device");
  EXPECT_EQ(CauseName(Cause::kDiverged), "diverged");
  EXPECT_EQ(CauseName(Cause::kInterrupted), "interrupted");
  EXPECT_EQ(CauseName(Cause::kTimeout), "timeout");
  EXPECT_EQ(CauseName(Cause::kKilled), "killed");
  EXPECT_EQ(CauseName(Cause::kLost), "lost");
  EXPECT_EQ(CauseName(Cause::kBug), "bug");
}

TEST(Cause, IsABugUnderAnUnknownName) {
  EXPECT_EQ(CauseFromName("gremlins"), Cause::kBug);
  EXPECT_EQ(CauseFromName(""), Cause::kBug);
}

TEST(SystemError, SaysWhatHappenedWhereAndWhatToDo) {
  const Error error = SystemError("write", "runs/ledger.sqlite", ENOSPC);
  EXPECT_STREQ(
      error.what(),
      "cannot write runs/ledger.sqlite: No space left on device; free some space there or choose "
      "another place, then run the same command again");
}

TEST(SystemError, BlamesTheDiskForSpaceRightsAndDevices) {
  for (int number : {ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EFBIG, EIO, EMFILE, ENFILE}) {
    EXPECT_EQ(SystemError("write", "file", number).cause(), Cause::kDisk) << number;
  }
}

TEST(SystemError, BlamesTheInputForAPathThatLeadsNowhere) {
  for (int number : {ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP}) {
    EXPECT_EQ(SystemError("read", "file", number).cause(), Cause::kInput) << number;
  }
}

TEST(SystemError, BlamesTheMemoryForNoMemory) {
  EXPECT_EQ(SystemError("map", "file", ENOMEM).cause(), Cause::kMemory);
}

TEST(Check, PassesWhatHolds) {
  EXPECT_NO_THROW(UPCYCLE_CHECK(1 + 1 == 2));
  EXPECT_NO_THROW(UPCYCLE_CHECK_EQ(1 + 1, 2));
}

TEST(Check, IsABugThatNamesThePlaceAndTheStatement) {
  const int line = __LINE__ + 1;
  const std::string message = MessageOf([] { UPCYCLE_CHECK(1 + 1 == 3); }, Cause::kBug);
  EXPECT_TRUE(Says(message, "1 + 1 == 3"));
  EXPECT_TRUE(Says(message, "error_test.cpp:" + std::to_string(line)));
}

TEST(Check, ShowsBothValuesThatDiffer) {
  EXPECT_TRUE(Says(MessageOf([] { UPCYCLE_CHECK_EQ(2 + 2, 5); }, Cause::kBug), "4 against 5"));
}

TEST(Check, EvaluatesItsArgumentsOnce) {
  int calls = 0;
  UPCYCLE_CHECK_EQ(++calls, 1);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace upcycle
