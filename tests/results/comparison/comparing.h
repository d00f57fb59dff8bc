// A study of two arms and six seeds, recorded and compared.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "results/comparison/compare_study.h"
#include "results/ledger/ledger_reader.h"
#include "tests/results/fixture.h"
#include "tests/temporary_folder.h"

namespace upcycle {

inline constexpr double kDense[] = {3.16, 3.13, 3.22, 3.24, 3.15, 3.15};
inline constexpr double kRouted[] = {3.10, 3.05, 3.20, 3.15, 3.08, 3.12};

class Comparing : public ::testing::Test {
 protected:
  Comparing() : writer(LedgerIn(folder)), study(StudyOf({"dense", "routed"}, {0, 1, 2, 3, 4, 5})) {}

  void Finish(const std::string& arm, std::span<const double> losses) {
    for (size_t seed = 0; seed < losses.size(); ++seed) {
      CompleteRun(writer, arm, static_cast<int64_t>(seed), {},
                  {ResultEvent("validation/loss", losses[seed])});
    }
  }
  Comparison Compare(const CompareOptions& options = {}) {
    LedgerReader reader(LedgerIn(folder));
    return CompareStudy(reader, "study", options);
  }
  static std::vector<CostColumn> CostsOf(const Comparison& comparison) {
    std::vector<CostColumn> costs;
    for (const TableColumn& column : comparison.columns) {
      if (column.kind == TableColumn::Kind::kCost) costs.push_back(column.cost);
    }
    return costs;
  }
  static bool HasNote(const Comparison& comparison, const std::string& note) {
    return std::find(comparison.notes.begin(), comparison.notes.end(), note) !=
           comparison.notes.end();
  }

  TemporaryFolder folder;
  LedgerWriter writer;
  StudyRecord study;
};
}  // namespace upcycle
