// Checksums of a folder's files, written when it is whole, so that a bit that flips later is
// noticed before anything is computed from it.
#pragma once

#include <string>

#include "core/files.h"

namespace upcycle {

inline constexpr const char* kChecksumFile = "checksums.json";

// Writes checksums.json, the XXH3-128 of every file that lies in `folder` or below.
void WriteChecksums(const fs::path& folder);

// What differs from the folder's checksums, as a sentence that names the file; empty if nothing
// does. A folder or a file that is not there differs; files that came later do not. Reads all of
// it.
std::string FindDamage(const fs::path& folder);

}  // namespace upcycle
