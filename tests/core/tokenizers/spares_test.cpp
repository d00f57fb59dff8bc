#include "core/tokenizers/spares.h"

#include <gtest/gtest.h>

namespace upcycle {
namespace {

TEST(Spares, TheNextBorrowerGetsWhatTheLastGaveBack) {
  const Spares<int> spares;
  *spares.Borrow() = 7;
  EXPECT_EQ(*spares.Borrow(), 7);
}

TEST(Spares, TwoAtOnceHaveOneEach) {
  const Spares<int> spares;
  const auto first = spares.Borrow();
  const auto second = spares.Borrow();
  EXPECT_NE(first.get(), second.get());
}

}  // namespace
}  // namespace upcycle
