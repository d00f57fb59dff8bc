// The lines of a log that may still be growing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/files.h"

namespace upcycle {

class LogReader {
 public:
  explicit LogReader(fs::path path) : path_(std::move(path)) {}

  const fs::path& path() const { return path_; }

  // Leaves out all but the last lines of what is there.
  void SkipToLast(int64_t lines);

  // The whole lines that came since, without their ends, at most about a megabyte of them; none
  // where there is no file, or nothing new. A line that does not end is cut where it gets too long.
  std::vector<std::string> Next();

  // What came behind the last whole line, once nobody writes any more.
  std::string Rest();

 private:
  fs::path path_;
  uint64_t offset_ = 0;
  std::string begun_;  // a line whose end has not come yet
};

}  // namespace upcycle
