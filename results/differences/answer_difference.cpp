#include "results/differences/answer_difference.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "results/differences/series_difference.h"
#include "results/statistics/mcnemar.h"

namespace upcycle {
namespace {

std::string WhyNotSame(const std::vector<Item>& a, const std::vector<Item>& b) {
  if (a.size() != b.size()) {
    return fmt::format("there are {} in A and {} in B", a.size(), b.size());
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].number != b[i].number || a[i].record != b[i].record) {
      return fmt::format("question {} is not the same one in both", a[i].number);
    }
  }
  return "";
}

void Add(const Item& a, const Item& b, AnswerDifference& found) {
  if (a.correct && b.correct) ++found.both;
  if (!a.correct && !b.correct) ++found.neither;
  if (a.correct && !b.correct) found.only_a.push_back(a.number);
  if (!a.correct && b.correct) found.only_b.push_back(a.number);
  if (!std::ranges::equal(a.log_likelihoods, b.log_likelihoods, SameBits)) ++found.likelihoods;
}

}  // namespace

AnswerDifference CompareAnswers(std::string task, const std::vector<Item>& a,
                                const std::vector<Item>& b) {
  AnswerDifference found;
  found.task = std::move(task);
  found.refused = WhyNotSame(a, b);
  if (!found.refused.empty()) return found;
  found.asked = static_cast<int64_t>(a.size());
  for (size_t i = 0; i < a.size(); ++i) Add(a[i], b[i], found);
  found.p = McNemarP(static_cast<int64_t>(found.only_a.size()),
                     static_cast<int64_t>(found.only_b.size()));
  return found;
}

}  // namespace upcycle
