// What `compare` and `export` can be asked for beside what the recipe says of its table.
#pragma once

#include <string>
#include <vector>

#include "results/comparison/compare_options.h"
#include "tools/terminal/command_line.h"

namespace upcycle {

class TableOptions {
 public:
  void Declare(CommandLine& line);
  CompareOptions Asked() const;
  bool AskAnything() const;

 private:
  std::string rows_;
  std::string columns_;
  std::string sort_;
  std::vector<std::string> where_;
  bool only_changed_ = false;
  bool allow_incomplete_ = false;
  bool evidence_ = false;
};

// What the words behind `upcycle export` ask of a table. Throws Error(kInput) for options that are
// not about one.
CompareOptions AskedOfTable(const std::vector<std::string>& words);

}  // namespace upcycle
