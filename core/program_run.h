// Another program, run to its end: what it printed and how it ended.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

struct ProgramEnd {
  int exit_code = 0;  // 127 where there is no such program; 128 + N where signal N ended it
  bool timed_out = false;
  std::string out;
  std::string err;

  bool Succeeded() const { return exit_code == 0 && !timed_out; }
};

// `words` are the program, looked for on the PATH, and its arguments; `input` is its standard
// input. It is killed after `limit`; signals that this process blocks do not reach it. Throws Error
// where no process can be made.
ProgramEnd RunToEnd(const std::vector<std::string>& words, std::string_view input = {},
                    std::chrono::milliseconds limit = std::chrono::seconds(60));

}  // namespace upcycle
