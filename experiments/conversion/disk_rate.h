// How fast a disk takes what is written to it.
#pragma once

#include "core/files.h"

namespace upcycle {

// Bytes a second of a sequential write into `folder`, as conversions write, until they are safe:
// measured with a file of this many bytes that is gone afterwards. Throws Error as SystemError
// says.
double MeasureWriteRate(const fs::path& folder, int64_t bytes);

}  // namespace upcycle
