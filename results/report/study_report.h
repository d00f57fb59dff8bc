// A study as one HTML file for people who were not there: what was asked, what was found and on
// what evidence, tables, figures, costs, what went wrong, where it came from, what it assumes.
#pragma once

#include <string>
#include <string_view>

#include "core/files.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

struct ReportOptions {
  bool machine = true;            // with the sections that depend on machine and clock
  bool allow_incomplete = false;  // as CompareOptions has it
  fs::path stages = {};           // the folder of the stages' folders; empty: no disk is measured
};

// Without the sections of the machine equal results give equal bytes. Throws Error(kInput) for an
// unknown study.
std::string StudyReport(LedgerReader& ledger, std::string_view study,
                        const ReportOptions& options = {});

}  // namespace upcycle
