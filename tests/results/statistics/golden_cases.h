// What NumPy, SciPy and statsmodels computed (tests/golden/statistics_cases.py).
#pragma once

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace upcycle {

using GoldenJson = nlohmann::json;
using Numbers = std::vector<double>;

inline GoldenJson GoldenCases(const std::string& name) {
  const std::string path = std::string(UPCYCLE_GOLDEN_STATISTICS) + "/" + name + ".json";
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  return GoldenJson::parse(file).at("cases");
}

// To nine digits, however small the number.
inline void ExpectNineDigits(double actual, double expected, const std::string& of) {
  if (expected == 0) {
    EXPECT_EQ(actual, 0) << of;
  } else {
    EXPECT_LE(std::fabs(actual / expected - 1), 1e-9) << of << ": " << actual << ", " << expected;
  }
}

inline void ExpectNineDigits(double actual, const GoldenJson& golden, const std::string& key) {
  ExpectNineDigits(actual, golden.at(key).get<double>(),
                   key + " of " + golden.dump().substr(0, 90));
}

}  // namespace upcycle
