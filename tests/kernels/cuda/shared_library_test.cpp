#include "kernels/cuda/shared_library.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

TEST(SharedLibrary, FindsAFunctionAndSaysWhichFileItIsIn) {
  const SharedLibrary library("libm.so.6");
  ASSERT_TRUE(library.loaded()) << library.problem();
  EXPECT_TRUE(Says(library.path(), "/libm.so.6"));
  EXPECT_EQ(library.Find<double (*)(double)>("sqrt")(9.0), 3.0);
}

TEST(SharedLibrary, SaysWhereItLookedInVain) {
  const SharedLibrary library("libupcycle_absent.so.1");
  EXPECT_FALSE(library.loaded());
  EXPECT_TRUE(Says(library.problem(), "libupcycle_absent.so.1 was not found: "));
  EXPECT_TRUE(Says(library.problem(), "/lib/libupcycle_absent.so.1"));
  EXPECT_TRUE(Says(library.problem(), "/usr/local/cuda/lib64/libupcycle_absent.so.1"));
  EXPECT_EQ(CauseOf([&] { library.Find<void (*)()>("Anything"); }), Cause::kDevice);
}

TEST(SharedLibrary, NamesAFunctionThatItHasNot) {
  const SharedLibrary library("libm.so.6");
  EXPECT_TRUE(Says(MessageOf([&] { library.Find<void (*)()>("upcycle_absent"); }, Cause::kDevice),
                   "has no upcycle_absent: it is of another version"));
}

}  // namespace
}  // namespace upcycle
