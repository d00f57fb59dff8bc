// What went wrong, for tests that make it go wrong.
#pragma once

#include <functional>

#include <gtest/gtest.h>

#include "core/error.h"

namespace upcycle {

// The Error that `act` throws; the test fails if it throws none.
inline Error ErrorOf(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no Error was thrown";
  return Error(Cause::kBug, "no Error was thrown");
}

inline Cause CauseOf(const std::function<void()>& act) { return ErrorOf(act).cause(); }

}  // namespace upcycle
