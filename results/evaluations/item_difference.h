// Two models on the same questions, question by question.
#pragma once

#include <span>

#include "results/ledger/journal_events.h"
#include "results/statistics/summary.h"

namespace upcycle {

// Of the differences in what is right, 1 or 0, `model` less `other`: their mean is the difference
// of the accuracies, and its interval knows that both were asked the same questions, which makes it
// narrower than the accuracies' own. Throws Error(kInput) where they were not.
Summary AccuracyDifference(std::span<const Item> model, std::span<const Item> other, double level);

}  // namespace upcycle
