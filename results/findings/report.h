// A paper's findings as people and programs read them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/claims/claims.h"
#include "results/comparison/comparison.h"
#include "results/findings/finding.h"
#include "results/tables/terminal.h"

namespace upcycle {

// What all the studies together took, each stage once, whoever asked for it first.
struct SpentCompute {
  // Of all attempts, those that failed included: CPU time of all threads. For one that did not
  // record it, from an earlier version, how long it ran.
  double core_seconds = 0;
  double train_flops = 0;  // of the trainings that are complete, the dense parents' included
  int64_t complete = 0;    // stages
  int64_t stages = 0;
};

struct FindingsReport {
  std::string paper;  // its name: "he2024"
  PaperText text;
  std::string size;     // of the studies; empty: they have none
  std::string command;  // that writes this report
  std::string seeds;    // "6", or "4 to 6"
  SpentCompute spent;
  std::vector<Finding> findings;
  std::vector<Comparison> studies;  // that were run, for their tables
};

// Claim by claim: where, the paper's number, ours, the verdict; then how many of each.
std::string FindingsTerminal(const FindingsReport& report, const TerminalLayout& layout);

// A file that explains itself: how to make it again and what that takes, the table of findings, and
// the table of each study as `export` writes it.
std::string FindingsMarkdown(const FindingsReport& report);

// Everything in full precision; a number that is not there is null.
std::string FindingsJson(const FindingsReport& report);

}  // namespace upcycle
