#include "core/machine_load.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

void Tell(const TemporaryFolder& system, const char* name, const char* text) {
  std::ofstream(system / name) << text;
}

TEST(LoadMeter, TellsWhatWasBusyBetweenTwoLooks) {
  const TemporaryFolder system;
  Tell(system, "meminfo", "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:   250 kB\n");
  Tell(system, "stat", "cpu  100 0 0 100 0 0 0 0 0 0\ncpu0 1 1\ncpu1 1 1\nintr 5\n");
  LoadMeter meter(system.path());
  const MachineLoad first = meter.Look();
  EXPECT_EQ(first.cores, 2);
  EXPECT_EQ(first.memory_bytes, 1'024'000);
  EXPECT_EQ(first.used_bytes, 768'000);
  EXPECT_FALSE(first.busy_share.has_value());
  Tell(system, "stat", "cpu  120 5 5 160 10 0 0 0 0 0\ncpu0 1 1\ncpu1 1 1\nintr 5\n");
  EXPECT_EQ(meter.Look().busy_share, 0.3);
}

TEST(LoadMeter, LeavesOutWhatTheSystemDoesNotTell) {
  const TemporaryFolder system;
  LoadMeter meter(system.path());
  EXPECT_EQ(meter.Look().cores, 0);
  EXPECT_EQ(meter.Look().memory_bytes, 0);
  EXPECT_FALSE(meter.Look().busy_share.has_value());
}

TEST(LoadMeter, ReadsThisMachine) {
  const MachineLoad load = LoadMeter().Look();
  EXPECT_GE(load.cores, 1);
  EXPECT_GT(load.memory_bytes, load.used_bytes);
}

}  // namespace
}  // namespace upcycle
