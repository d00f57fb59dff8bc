#include "experiments/scheduling/pulse.h"

#include <thread>

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(WakingTime, CountsAtMostASecondOfALongLook) {
  WakingTime time;
  EXPECT_EQ(time.Seconds(), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  time.Look();
  EXPECT_GE(time.Seconds(), 0.02);
  const double before = time.Seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  time.Look();
  EXPECT_DOUBLE_EQ(time.Seconds(), before + 1);
}

TEST(Pulse, IsSilentSinceItWasLastHeardToBeat) {
  Pulse pulse(7, 100);
  pulse.Hear(7, 130);
  EXPECT_EQ(pulse.SilentSeconds(130), 30);
  pulse.Hear(8, 140);
  EXPECT_EQ(pulse.SilentSeconds(145), 5);
  pulse.Hear(3, 150);  // of another process, which began anew
  EXPECT_EQ(pulse.SilentSeconds(150), 0);
}

}  // namespace
}  // namespace upcycle
