// Whether a text says something, for EXPECT_TRUE: a failure shows the whole text.
#pragma once

#include <string_view>

#include <gtest/gtest.h>

namespace upcycle {

inline testing::AssertionResult Says(std::string_view text, std::string_view part) {
  const bool found = text.find(part) != std::string_view::npos;
  return (found ? testing::AssertionSuccess() : testing::AssertionFailure())
         << "\"" << text << "\" says " << (found ? "" : "nothing of ") << "\"" << part << "\"";
}

}  // namespace upcycle
