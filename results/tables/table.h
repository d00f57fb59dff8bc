// A table between the numbers and the page: what the writers beside it lay out.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace upcycle {

// How a column's numbers are written for people.
enum class Notation {
  kText,
  kEstimate,        // value ± half width
  kSignedEstimate,  // the same with a sign: a difference
  kProbability,
  kCount,          // 47.49B
  kScientific,     // 7.52e14
  kSignedPercent,  // a share as +0.31 %
  kRange,          // low to high, with the cell's text behind it as a remark
  kEstimateRange,  // value (low to high)
};

enum class Tone { kPlain, kGood, kBad, kFaint };

struct Column {
  std::string title;  // for people
  std::string key;    // for programs
  Notation notation = Notation::kText;
  int64_t digits = 5;  // the most significant ones that an estimate shows
  // What an estimate's second number is, for programs; empty: it has none.
  std::string spread = "half_width";
  bool right = false;  // texts that are set as numbers are: "1:02:03"
};

// Text where the column's notation is kText, else a number; a NaN is a number that is not there.
struct Cell {
  std::string text = {};  // or the remark of a range
  double value = std::numeric_limits<double>::quiet_NaN();
  double half_width = std::numeric_limits<double>::quiet_NaN();  // or what Column::spread says
  Tone tone = Tone::kPlain;
  bool bold = false;
  double low = std::numeric_limits<double>::quiet_NaN();  // of a range
  double high = std::numeric_limits<double>::quiet_NaN();
};

struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // each as long as columns
  std::vector<std::string> notes;
  std::string study = {};    // that it is of; empty: of none
  std::string command = {};  // that writes it again, but for its form, on one line; or empty
};

// A cell as people read it, in UTF-8.
std::string CellText(const Column& column, const Cell& cell);

bool IsRightAligned(const Column& column);

// The text with blanks up to the width, in front of it or behind it. Widths are in columns of a
// terminal.
std::string Padded(const std::string& text, size_t width, bool right_aligned);

// All cells as people read them, row by row.
std::vector<std::vector<std::string>> CellTexts(const Table& table);

// The widest text of each column, its title included.
std::vector<size_t> ColumnWidths(const Table& table,
                                 const std::vector<std::vector<std::string>>& texts);

}  // namespace upcycle
