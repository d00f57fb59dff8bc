#include "experiments/scheduling/pulse.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(WakingTime, CountsAtMostASecondOfALongLook) {
  double now = 50;
  WakingTime time([&] { return now; });
  time.Look();
  EXPECT_EQ(time.Seconds(), 0);
  now = 50.25;
  time.Look();
  EXPECT_EQ(time.Seconds(), 0.25);
  now = 4000;
  time.Look();
  EXPECT_EQ(time.Seconds(), 1.25);
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
