// What of an arm's cost a table can show.
#pragma once

#include "core/enum_names.h"

namespace upcycle {

// The columns of an arm's cost, by the names that a recipe's table may list.
enum class CostColumn { kParameters, kActiveParameters, kTrainFlops, kFlopsMismatch, kTrainTokens };
template <>
struct EnumNames<CostColumn> {
  static constexpr EnumName<CostColumn> values[] = {
      {CostColumn::kParameters, "parameters", "all parameters"},
      {CostColumn::kActiveParameters, "active_parameters", "parameters that one token meets"},
      {CostColumn::kTrainFlops, "train_flops", "training FLOPs of a run"},
      {CostColumn::kFlopsMismatch, "flops_mismatch",
       "its training FLOPs over the baseline's, less 1"},
      {CostColumn::kTrainTokens, "train_tokens", "training tokens of a run"},
  };
};

}  // namespace upcycle
