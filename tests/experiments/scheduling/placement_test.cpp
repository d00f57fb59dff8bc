#include "experiments/scheduling/placement.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

constexpr int64_t kGibibyte = int64_t{1} << 30;

Gpu WithFree(int number, int64_t bytes) {
  Gpu gpu;
  gpu.number = number;
  gpu.free_bytes = bytes;
  return gpu;
}

Fingerprint Stage(int i) { return Hasher().Add(static_cast<uint64_t>(i)).Finish(); }

TEST(Placement, IsTheCpuWhereThereIsNoGpuOrTheCpuWasAskedFor) {
  EXPECT_EQ(Placement({}).Place(Stage(0), "auto", kGibibyte), "cpu");
  EXPECT_EQ(Placement({WithFree(0, 80 * kGibibyte)}).Place(Stage(0), "cpu", kGibibyte), "cpu");
}

TEST(Placement, KnowsWhatCanNeverBePlaced) {
  const std::vector<Gpu> second = {WithFree(1, kGibibyte)};
  for (const char* device : {"cpu", "auto", "cuda", "cuda:1"}) {
    EXPECT_TRUE(CanPlace(second, device)) << device;
  }
  EXPECT_FALSE(CanPlace(second, "cuda:0"));
  EXPECT_FALSE(CanPlace({}, "cuda"));
  EXPECT_TRUE(CanPlace({}, "auto"));
}

TEST(Placement, SharesAGpuAsFarAsItsMemoryGoes) {
  Placement placement({WithFree(0, 10 * kGibibyte)});
  const int64_t four = 4 * kGibibyte - kGpuContextBytes;
  EXPECT_EQ(placement.Place(Stage(0), "auto", four), "cuda:0");
  EXPECT_EQ(placement.Place(Stage(1), "auto", four), "cuda:0");
  EXPECT_EQ(placement.Place(Stage(2), "auto", four), std::nullopt);
  placement.Release(Stage(0));
  EXPECT_EQ(placement.Place(Stage(2), "auto", four), "cuda:0");
}

TEST(Placement, SpreadsOverGpusByTheRoomThatIsLeft) {
  Placement placement({WithFree(0, 20 * kGibibyte), WithFree(1, 24 * kGibibyte)});
  const int64_t six = 6 * kGibibyte - kGpuContextBytes;
  EXPECT_EQ(placement.Place(Stage(0), "auto", six), "cuda:1");
  EXPECT_EQ(placement.Place(Stage(1), "cuda", six), "cuda:0");
  EXPECT_EQ(placement.Place(Stage(2), "auto", six), "cuda:1");
}

TEST(Placement, KeepsToTheGpuThatWasAskedFor) {
  Placement placement({WithFree(0, 10 * kGibibyte), WithFree(1, 80 * kGibibyte)});
  EXPECT_EQ(placement.Place(Stage(0), "cuda:0", 8 * kGibibyte), "cuda:0");
  EXPECT_EQ(placement.Place(Stage(1), "cuda:0", 8 * kGibibyte), std::nullopt);
}

TEST(Placement, LeavesAGpuAloneThatOthersUseUntilTheyAreDone) {
  Gpu gpu = WithFree(0, 12 * kGibibyte);
  gpu.memory_bytes = 80 * kGibibyte;
  Placement placement({gpu});
  EXPECT_EQ(placement.Place(Stage(0), "auto", 40 * kGibibyte), std::nullopt);
  const std::string why = placement.WhyOthersCrowdOut("auto", 40 * kGibibyte);
  EXPECT_TRUE(why.starts_with("for memory of cuda:0: needs 43.66 GB")) << why;
  EXPECT_TRUE(why.ends_with("other programs leave 12.88 GB")) << why;
  EXPECT_EQ(placement.WhyOthersCrowdOut("auto", 90 * kGibibyte), "");  // never fits
  gpu.free_bytes = 79 * kGibibyte;
  placement.Renew({gpu});
  EXPECT_EQ(placement.Place(Stage(0), "auto", 40 * kGibibyte), "cuda:0");
}

TEST(Placement, LetsAnIdleGpuTakeWhatIsTooLargeSoThatTheRunSaysSo) {
  Placement placement({WithFree(0, kGibibyte)});
  EXPECT_EQ(placement.Place(Stage(0), "auto", 50 * kGibibyte), "cuda:0");
  EXPECT_EQ(placement.Place(Stage(1), "auto", 0), std::nullopt);
  placement.Release(Stage(0));
  EXPECT_EQ(placement.Place(Stage(1), "auto", 0), "cuda:0");
}

}  // namespace
}  // namespace upcycle
