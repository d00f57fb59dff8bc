// The bodies of the live server's answers, read from a ledger as it is at one moment. Their bounds
// are in tools/serve/README.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/machine_load.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

class LiveAnswers {
 public:
  // Throws Error as LedgerReader does; so do the others where the ledger is damaged.
  LiveAnswers(const fs::path& ledger, bool scheduler_at_work);

  bool Knows(const std::string& study);

  nlohmann::json Studies();
  nlohmann::json Study(const std::string& study);
  // Of the primary metric and of these arms, where nothing else is asked for: of those that a study
  // lists, first what runs and what failed.
  nlohmann::json Curves(const std::string& study, const std::optional<std::string>& metric,
                        const std::vector<std::string>& arms);

 private:
  LedgerReader ledger_;
  Transaction snapshot_;
  bool at_work_;
};

// As it is now; a share that is busy is null where the machine does not say.
nlohmann::json MachineJson(const MachineLoad& load);

}  // namespace upcycle
