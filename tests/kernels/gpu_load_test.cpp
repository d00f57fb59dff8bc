#include "kernels/gpu_load.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(GpuLoadMeter, TellsOfEachGpuWhatItsDriverTells) {
  const auto loads = GpuLoadMeter(UPCYCLE_FAKE_NVML).Look();
  ASSERT_EQ(loads.size(), 2u);
  EXPECT_EQ(loads[0].name, "Fake H100");
  EXPECT_EQ(loads[0].busy_share, 0.75);
  EXPECT_EQ(loads[0].memory_bytes, 80'000);
  EXPECT_EQ(loads[0].used_bytes, 20'000);
  EXPECT_EQ(loads[1].number, 1);
  EXPECT_FALSE(loads[1].busy_share.has_value());
}

TEST(GpuLoadMeter, WithoutADriverTellsOfNone) {
  EXPECT_TRUE(GpuLoadMeter("libnothing-of-this-name.so").Look().empty());
}

}  // namespace
}  // namespace upcycle
