#include "experiments/scheduling/retries.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace upcycle {
namespace {

AttemptEnd Ended(Cause cause) { return {.cause = std::string(CauseName(cause))}; }

TEST(Retries, TryAgainWhatDidNotEndByItself) {
  for (const Cause cause : {Cause::kKilled, Cause::kLost, Cause::kInterrupted}) {
    Retries retries(2);
    EXPECT_EQ(retries.After(Ended(cause), 0), NextStep::kAgain);
    EXPECT_EQ(retries.After(Ended(cause), 0), NextStep::kAgain);
    EXPECT_EQ(retries.After(Ended(cause), 0), NextStep::kGiveUp);
  }
}

TEST(Retries, TryAgainAsLongAsEachAttemptGetsFurther) {
  Retries retries(1);
  for (int64_t step = 10; step < 1000; step += 10)
    EXPECT_EQ(retries.After(Ended(Cause::kKilled), step), NextStep::kAgain);
  EXPECT_EQ(retries.After(Ended(Cause::kKilled), 500), NextStep::kAgain);
  EXPECT_EQ(retries.After(Ended(Cause::kKilled), 990), NextStep::kGiveUp);
}

TEST(Retries, GiveTheMachineOnceToWhatHadNoMemory) {
  for (const Cause cause : {Cause::kMemory, Cause::kDeviceMemory}) {
    Retries retries(5);
    EXPECT_EQ(retries.After(Ended(cause), 3), NextStep::kAlone);
    EXPECT_EQ(retries.After(Ended(cause), 9), NextStep::kGiveUp);
  }
}

TEST(Retries, GiveUpWhatHadTheMachineForItselfAlready) {
  for (const Cause cause : {Cause::kMemory, Cause::kDeviceMemory}) {
    EXPECT_EQ(Retries(5).After(Ended(cause), 3, /*was_alone=*/true), NextStep::kGiveUp);
  }
  EXPECT_EQ(Retries(5).After(Ended(Cause::kKilled), 3, /*was_alone=*/true), NextStep::kAgain);
}

TEST(Retries, TryAFaultyDeviceOnceMore) {
  Retries retries(5);
  EXPECT_EQ(retries.After(Ended(Cause::kDevice), 0), NextStep::kAgain);
  EXPECT_EQ(retries.After(Ended(Cause::kDevice), 0), NextStep::kGiveUp);
}

TEST(Retries, GiveUpWhereTheNextAttemptWouldEndTheSame) {
  for (const Cause cause : {Cause::kInput, Cause::kDiverged, Cause::kTimeout, Cause::kBug})
    EXPECT_EQ(Retries(5).After(Ended(cause), 10), NextStep::kGiveUp);
}

TEST(Retries, HaltEverythingOnAFullDisk) {
  EXPECT_EQ(Retries(5).After(Ended(Cause::kDisk), 10), NextStep::kHalt);
}

TEST(Retries, AreNoneWhereNoneAreWanted) {
  for (const Cause cause :
       {Cause::kKilled, Cause::kLost, Cause::kMemory, Cause::kDeviceMemory, Cause::kDevice})
    EXPECT_EQ(Retries(0).After(Ended(cause), 0), NextStep::kGiveUp);
}

}  // namespace
}  // namespace upcycle
