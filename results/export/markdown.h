#pragma once

#include <string>

#include "results/table.h"

namespace upcycle {

// A heading, an aligned GitHub table, and the notes as a list.
std::string ToMarkdown(const Table& table);

}  // namespace upcycle
