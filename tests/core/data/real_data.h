// Where real data lies, if the environment names a place.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

#include <gtest/gtest.h>

namespace upcycle {

inline std::optional<std::filesystem::path> RealData() {
  const char* place = std::getenv("UPCYCLE_TEST_DATA");
  if (place == nullptr || !std::filesystem::is_directory(place)) return std::nullopt;
  return place;
}

#define UPCYCLE_SKIP_WITHOUT_REAL_DATA()                                                 \
  if (!::upcycle::RealData()) {                                                          \
    GTEST_SKIP() << "set UPCYCLE_TEST_DATA to a folder with real data to run this test"; \
  }

}  // namespace upcycle
