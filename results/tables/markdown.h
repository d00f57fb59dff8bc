#pragma once

#include <string>

#include "results/tables/table.h"

namespace upcycle {

// A heading, the command in a comment, an aligned GitHub table, and the notes as a list.
std::string ToMarkdown(const Table& table);

// Text that Markdown does not take for markup, on one line.
std::string EscapedMarkdown(const std::string& text);

}  // namespace upcycle
