#include "core/build_info.h"

#include <gtest/gtest.h>

#include "core/fingerprint.h"
#include "tests/says.h"

namespace upcycle {
namespace {

TEST(BuildInfo, NamesVersionCompilerAndLibraries) {
  EXPECT_FALSE(std::string(kVersion).empty());
  EXPECT_TRUE(Says(CompilerText(), "."));
  for (const char* library : {"fmt ", "yaml-cpp ", "SQLite ", "PCRE2 ", "OpenBLAS "})
    EXPECT_TRUE(Says(LibrariesText(), library));
}

TEST(BuildInfo, IsKnownByTheContentOfTheProgram) {
  EXPECT_EQ(BuildFingerprint(), FingerprintOfFile("/proc/self/exe").Short());
  EXPECT_EQ(BuildFingerprint().size(), 12u);
}

}  // namespace
}  // namespace upcycle
