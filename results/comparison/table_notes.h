// The sentences under a table that say what it shows, as it was asked for.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/comparison/comparison.h"

namespace upcycle {

// What cells are, which are bold, which arms and settings are left out.
std::vector<std::string> LayoutNotes(const Comparison& comparison);

// Whether a difference that was tested is shown, or bold because of its test.
bool ShowsTest(const Comparison& comparison);

// The words with which notes begin, up to the first full stop: "Cells", "No verdict".
std::span<const std::string_view> NoteLabels();

}  // namespace upcycle
