// What went wrong, for tests that make it go wrong.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "core/error.h"

namespace upcycle {

// The cause of the Error that `act` throws, if it does.
inline std::optional<Cause> CauseOf(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.cause();
  }
  return std::nullopt;
}

// The message of the Error that `act` throws; the test fails if it throws none, or has another
// cause.
inline std::string MessageOf(const std::function<void()>& act, Cause cause = Cause::kInput) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(CauseName(error.cause()), CauseName(cause)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

}  // namespace upcycle
