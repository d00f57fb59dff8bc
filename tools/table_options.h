// What `compare` and `export` can be asked for beside what the recipe says of its table.
#pragma once

#include <string>
#include <vector>

#include "results/comparison/compare_options.h"
#include "tools/command_line.h"

namespace upcycle {

class TableOptions {
 public:
  void Declare(CommandLine& line);
  CompareOptions Asked() const;

 private:
  std::string rows_;
  std::string columns_;
  std::string sort_;
  std::vector<std::string> where_;
  bool only_changed_ = false;
  bool allow_incomplete_ = false;
};

// `export` as a command line that also verify reads, from what a table says it was made by.
struct ExportArguments {
  std::string study;
  std::string format = "markdown";
  std::string output;
  std::string root = "runs";
  CompareOptions asked;
};

// Throws Error(kInput) for arguments that are none of `export`.
ExportArguments ParseExport(const std::vector<std::string>& arguments);

}  // namespace upcycle
