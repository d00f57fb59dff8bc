// Two models' answers to one task, question by question.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/ledger/journal_events.h"

namespace upcycle {

struct AnswerDifference {
  std::string task;
  std::string refused;  // why they cannot be compared; then the rest is empty
  int64_t asked = 0;
  int64_t both = 0, neither = 0;        // questions that both, or neither, got right
  std::vector<int64_t> only_a, only_b;  // the numbers of those that one alone got right
  double p = 1;                         // of McNemar's exact test
  int64_t likelihoods = 0;              // questions whose log-likelihoods differ in a bit
};

// Each in the order of the questions' numbers.
AnswerDifference CompareAnswers(std::string task, const std::vector<Item>& a,
                                const std::vector<Item>& b);

}  // namespace upcycle
