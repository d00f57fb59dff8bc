#include "core/plural.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(Plural, IsOfAllButOne) {
  EXPECT_EQ(Plural(1, "thread"), "1 thread");
  EXPECT_EQ(Plural(0, "thread"), "0 threads");
  EXPECT_EQ(Plural(size_t{12}, "thread"), "12 threads");
  EXPECT_EQ(Plural(2, "study", "studies"), "2 studies");
  EXPECT_EQ(Plural(1, "study", "studies"), "1 study");
}

}  // namespace
}  // namespace upcycle
