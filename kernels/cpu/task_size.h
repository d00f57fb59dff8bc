// How much of a row-wise or column-wise op one task takes.
#pragma once

#include <cstdint>

namespace upcycle {

// Rows of `width` elements in a task: some tens of microseconds of work, so that threads stay busy
// without the cost of handing out tasks showing.
inline int64_t RowsOfTask(int64_t width) {
  constexpr int64_t kElements = 16384;
  return width >= kElements ? 1 : kElements / (width > 0 ? width : 1);
}

// Columns in a task of an op that goes through all rows of a few columns.
inline constexpr int64_t kColumnsOfTask = 64;

}  // namespace upcycle
