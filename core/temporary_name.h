// Names for what is not finished yet, beside its target and telling which process makes it; and
// for what gave way to something else and is kept.
#pragma once

#include <string_view>
#include <vector>

#include "core/files.h"

namespace upcycle {

inline constexpr std::string_view kTemporaryEnding = ".tmp";

// "TARGET.PROCESS.tmp", of this process: where a rename to `target` is one step.
fs::path TemporaryName(const fs::path& target);

// What processes that have ended, or this one before, left under temporary names for `target`, and
// for those names; empty where its folder does not exist.
std::vector<fs::path> LeftoversOf(const fs::path& target);

// The first of PATH.WORD-1, PATH.WORD-2, … that is not there: for what is set aside and kept.
fs::path NumberedName(const fs::path& path, std::string_view word);

}  // namespace upcycle
