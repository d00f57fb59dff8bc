// The cells that show a metric of an arm: what their numbers are, and which of them are bold.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "results/comparison/comparison.h"
#include "results/tables/table.h"

namespace upcycle {

// A metric's column with this title and key, which says what its cells are.
Column MetricColumn(const Comparison& comparison, std::string title, std::string key);

Cell MetricCell(const Comparison& comparison, const ArmComparison& arm, size_t metric);

// Which of the arms' cells are bold, by the table's rule. The best is one of at least two arms
// whose seeds are all there and whose values compare, and better than the baseline where
// differences are shown. A metric whose name does not say which values are better has no best.
std::vector<bool> BoldCells(const Comparison& comparison,
                            const std::vector<const ArmComparison*>& arms, size_t metric);

// Which values of it are better, where that is known.
std::optional<Preference> PreferenceOf(const Comparison& comparison, size_t metric);

}  // namespace upcycle
