#include "results/evaluations/item_difference.h"

#include <vector>

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {

Summary AccuracyDifference(std::span<const Item> model, std::span<const Item> other, double level) {
  if (model.size() != other.size()) {
    throw Error(Cause::kInput,
                fmt::format("one model was asked {} questions and the other {}: only answers to "
                            "the same ones can be compared",
                            model.size(), other.size()));
  }
  std::vector<double> differences;
  for (size_t i = 0; i < model.size(); ++i) {
    if (model[i].task != other[i].task || model[i].record != other[i].record) {
      throw Error(Cause::kInput,
                  fmt::format("question {} of {} is another one for each model: only "
                              "answers to the same ones can be compared",
                              model[i].number, model[i].task));
    }
    differences.push_back((model[i].correct ? 1.0 : 0.0) - (other[i].correct ? 1.0 : 0.0));
  }
  return Summarize(differences, level);
}

}  // namespace upcycle
