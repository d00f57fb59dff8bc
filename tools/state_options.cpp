#include "tools/state_options.h"

#include "results/ledger.h"
#include "results/schema.h"
#include "results/stage_states.h"

namespace upcycle {

std::map<Fingerprint, StageState> StateOptions::StageStates() const {
  if (!LedgerExists(Ledger())) return {};
  Database ledger = OpenLedgerForAGlance(Ledger());
  return ReadStageStates(ledger);
}

}  // namespace upcycle
