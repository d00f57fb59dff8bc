#include "tools/terminal/state_options.h"

#include "core/error.h"
#include "results/ledger/ledger.h"
#include "results/ledger/schema.h"
#include "results/ledger/stage_states.h"

namespace upcycle {

fs::path StateOptions::Folder() const {
  if (root.empty()) {
    throw Error(Cause::kInput,
                "--root is empty; it names the folder of all state, as in --root runs");
  }
  return root;
}

fs::path StateOptions::Root() const { return fs::absolute(Folder()); }

std::map<Fingerprint, StageState> StateOptions::StageStates() const {
  if (!LedgerExists(Ledger())) return {};
  Database ledger = OpenLedgerForAGlance(Ledger());
  return ReadStageStates(ledger);
}

}  // namespace upcycle
