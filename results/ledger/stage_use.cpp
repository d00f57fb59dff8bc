#include "results/ledger/stage_use.h"

#include "results/ledger/ledger.h"
#include "results/ledger/stored_value.h"

namespace upcycle {

// A backend on the CPU is named "cpu (...)", one on a GPU by that.
std::map<Fingerprint, StageUse> ReadStageUse(const fs::path& ledger) {
  std::map<Fingerprint, StageUse> uses;
  if (!fs::exists(ledger)) return uses;
  Database database = OpenLedgerForAGlance(ledger);
  Statement rows = database.Prepare(
      "SELECT fingerprint, max(CASE WHEN outcome = 'complete' THEN peak_memory_bytes END), "
      "total(cpu_seconds), total(CASE WHEN device <> '' AND device NOT LIKE 'cpu%' THEN "
      "wall_seconds END) "
      "FROM attempt JOIN stage ON stage.id = attempt.stage GROUP BY stage.id");
  while (rows.Step()) {
    const auto fingerprint = ReadStored(rows, [&] { return Fingerprint::FromHex(rows.Text(0)); });
    uses[fingerprint] = {.peak_memory_bytes = rows.IsNull(1) ? 0 : rows.Int(1),
                         .cpu_seconds = rows.Real(2),
                         .gpu_seconds = rows.Real(3)};
  }
  return uses;
}

}  // namespace upcycle
