#include "results/ledger/stage_states.h"

#include <utility>

#include "results/ledger/stored_value.h"

namespace upcycle {

std::map<Fingerprint, StageState> ReadStageStates(Database& ledger) {
  std::map<Fingerprint, StageState> states;
  Statement select = ledger.Prepare("SELECT fingerprint, state FROM stage");
  while (select.Step()) {
    states.insert(ReadStored(select, [&] {
      return std::pair(Fingerprint::FromHex(select.Text(0)), StageStateFromName(select.Text(1)));
    }));
  }
  return states;
}

}  // namespace upcycle
