// What "equal compute" means in a study.
#pragma once

#include <string>
#include <string_view>

namespace upcycle {

// What budgets are, as "matched on tokens, not on compute", by Comparison::matched_on.
std::string BudgetsText(std::string_view matched_on);

}  // namespace upcycle
