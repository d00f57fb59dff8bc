#include "results/comparison/matched_budgets.h"

#include <fmt/format.h>

namespace upcycle {

std::string BudgetsText(std::string_view matched_on) {
  if (matched_on.empty() || matched_on == "none") {
    return "not matched: each arm trains on its own number of tokens";
  }
  if (matched_on == "train_flops") {
    return "matched on train FLOPs, with the rows that capacity can serve";
  }
  if (matched_on == "padded_train_flops") {
    return "matched on train FLOPs with all rows that capacity makes room for; the columns count "
           "those it can serve";
  }
  if (matched_on == "train_tokens") return "matched on tokens, not on compute";
  return fmt::format("matched on {}", matched_on);
}

}  // namespace upcycle
