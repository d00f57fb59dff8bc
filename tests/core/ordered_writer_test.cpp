#include "core/ordered_writer.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/error.h"
#include "core/random.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr size_t kMebibyte = 1 << 20;

std::string SomeBytes(size_t size) {
  std::string bytes(size, '\0');
  const RandomStream random(1, "bytes");
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(random.Bits(i));
  return bytes;
}

TEST(OrderedWriter, WritesWhatItWasGivenInItsOrder) {
  const TemporaryFolder folder;
  const fs::path path = folder / "bytes";
  const std::string bytes = SomeBytes(50 * kMebibyte + 5);  // more blocks than it has
  const FileDescriptor file = OpenFile(path, O_RDWR | O_CREAT, "make");
  OrderedWriter writer(file, path);
  writer.Reserve(bytes.size() + 1000);
  for (size_t at = 0, size = 1; at < bytes.size(); at += size, size = size * 3 + 1) {
    writer.Append(bytes.data() + at, std::min(size, bytes.size() - at));
  }
  EXPECT_EQ(writer.appended(), bytes.size());
  writer.Finish();
  EXPECT_TRUE(ReadTextFile(path) == bytes);
}

TEST(OrderedWriter, SaysThatTheDiskIsFull) {
  const fs::path path = "/dev/full";
  const FileDescriptor file = OpenFile(path, O_WRONLY, "open");
  OrderedWriter writer(file, path);
  const std::string bytes(64 * kMebibyte, 'x');
  try {
    writer.Append(bytes.data(), bytes.size());
    writer.Finish();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::kDisk);
  }
}

// In a process of its own, whose address space has room for the blocks and less than two stacks.
void WriteWithOneThread() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlimit little{.rlim_cur = pages * 4096 + 45 * kMebibyte, .rlim_max = RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &little);
  const FileDescriptor file;
  const fs::path path = "some.file";
  try {
    OrderedWriter writer(file, path);
  } catch (const Error& error) {
    std::fputs(error.what(), stderr);
    std::_Exit(error.cause() == Cause::kMemory ? 7 : 8);
  }
}

TEST(OrderedWriter, SaysWhereTheSystemGrantsNoThread) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer needs the address space";
#endif
  // In a program begun anew: stacks of threads that have ended are kept for the next ones.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(WriteWithOneThread(), testing::ExitedWithCode(7), "begin to write some.file");
}

}  // namespace
}  // namespace upcycle
