// What the data tests share.
#pragma once

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"

namespace upcycle {

// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "upcycle-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }
  fs::path operator/(const fs::path& name) const { return path_ / name; }

  // Makes the folders that it needs.
  fs::path Write(const fs::path& name, std::string_view content) const {
    const fs::path path = path_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

 private:
  fs::path path_;
};

// The message of the Error that `action` throws; a failure if it throws none or blames another
// cause.
template <typename Action>
std::string ErrorOf(Action&& action, Cause cause = Cause::kInput) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(CauseName(error.cause()), CauseName(cause)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

inline testing::AssertionResult Says(const std::string& message, std::string_view part) {
  if (message.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << message << "\" does not say \"" << part << "\"";
}

// Where real data lies, if the environment names a place.
inline std::optional<fs::path> RealData() {
  const char* place = std::getenv("UPCYCLE_TEST_DATA");
  if (place == nullptr || !fs::is_directory(place)) return std::nullopt;
  return place;
}

#define UPCYCLE_SKIP_WITHOUT_REAL_DATA()                                                 \
  if (!::upcycle::RealData()) {                                                          \
    GTEST_SKIP() << "set UPCYCLE_TEST_DATA to a folder with real data to run this test"; \
  }

}  // namespace upcycle
