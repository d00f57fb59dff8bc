// Whether two texts of a table say the same, however editors, sites and spreadsheets spell them.
#pragma once

#include <string_view>

#include "results/export/table_forms.h"

namespace upcycle {

// In any form: one dash or minus for another, +/- for ±, blanks of any width. In HTML: characters
// by their names or numbers. In LaTeX: a number in mathematics or beside it, blanks as ~ or \,. In
// CSV: numbers that are equal to 15 significant digits, which is what spreadsheets keep; in JSON
// nothing. Markup that changes how text looks is a difference.
bool SameText(std::string_view one, std::string_view other, TableForm form);

}  // namespace upcycle
