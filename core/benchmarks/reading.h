// What the readers of several benchmarks share.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/benchmarks/readers.h"
#include "core/benchmarks/records.h"

namespace upcycle {

// The lines of a text, each without its end ("\n" or "\r\n"); an end of file after the last line
// end begins no line. Line i of the file is [i - 1].
std::vector<std::string_view> LinesOf(std::string_view text);

[[noreturn]] void RefuseLine(std::string_view name, size_t line, std::string_view what);

// Where `label` stands among `labels`. Refuses a label that is not there, and labels of which two
// are the same.
int IndexOfLabel(const Record& record, const std::vector<std::string>& labels,
                 std::string_view label);

// An answer from 0 to choices - 1, written as an integer or as a string of one digit.
int AnswerIndex(const Record& record, std::string_view field, int choices);

void RefuseUnlessCount(const Record& record, std::string_view field, size_t found, size_t expected);

// Labels that stand in a file of their own: one a record, each one of `allowed`.
class LabelFile {
 public:
  explicit LabelFile(const BenchmarkText& source);
  // The label of the next record, as an index into `allowed`.
  int Next(std::span<const std::string> allowed);
  // Refuses labels that are left over.
  void Finish() const;

 private:
  std::string_view name_;
  std::string_view source_name_;
  std::vector<std::string_view> lines_;
  size_t next_ = 0;
};

}  // namespace upcycle
