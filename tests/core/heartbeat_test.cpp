#include "core/heartbeat.h"

#include <thread>

#include <gtest/gtest.h>

#include "tests/processes.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using std::chrono::milliseconds;

// Waits until the file says something else than `beats`; what it says then.
uint64_t NextAfter(uint64_t beats, const fs::path& path) {
  uint64_t now = beats;
  for (int look = 0; look < 60'000 && now == beats; ++look) {
    std::this_thread::sleep_for(milliseconds(1));
    now = Heartbeat::Read(path);
  }
  return now;
}

TEST(Heartbeat, GrowsWhileItsOwnerLivesAndStandsStillAfterwards) {
  TemporaryFolder folder;
  const fs::path path = folder / "heartbeat";
  EXPECT_EQ(Heartbeat::Read(path), 0u);
  {
    const Heartbeat heartbeat(path, milliseconds(1));
    const uint64_t first = NextAfter(0, path);
    EXPECT_GT(NextAfter(first, path), first);
  }
  const uint64_t last = Heartbeat::Read(path);
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(Heartbeat::Read(path), last);
}

TEST(Heartbeat, GoesOnWhereTheLastOneEnded) {
  TemporaryFolder folder;
  const fs::path path = folder / "heartbeat";
  { const Heartbeat first(path); }
  const uint64_t last = Heartbeat::Read(path);
  const Heartbeat second(path);
  EXPECT_GT(Heartbeat::Read(path), last);
}

TEST(Heartbeat, NeedsNoMoreRoomThanItBeganWith) {
  TemporaryFolder folder;
  const fs::path path = folder / "heartbeat";
  const Heartbeat heartbeat(path, milliseconds(1));
  const auto size = fs::file_size(path);
  const FileSizeLimit full(size);
  const uint64_t first = Heartbeat::Read(path);
  EXPECT_GT(NextAfter(first, path), first);
  EXPECT_EQ(fs::file_size(path), size);
}

}  // namespace
}  // namespace upcycle
