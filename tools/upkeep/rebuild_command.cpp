// `upcycle rebuild`: the ledger made again from the journals.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/plural.h"
#include "experiments/scheduling/rebuild.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/root_lock.h"
#include "tools/terminal/state_options.h"

namespace upcycle {

int RebuildCommand(const Arguments& arguments) {
  StateOptions state;
  bool json = false;
  CommandLine line("rebuild [options]",
                   "Makes the ledger again from the journals, which have everything that it has,\n"
                   "and keeps the one before beside it. For a ledger that is damaged or lost.");
  state.Declare(line);
  line.Flag("json", &json, "what was found as JSON on standard output");
  line.Parse(arguments);
  RequireSomethingToRebuild(state.Root());  // before the lock makes a folder
  const FileLock lock = LockRoot(state);
  const Rebuilt rebuilt = RebuildLedger(state.Root());
  if (json) {
    fmt::print("{}\n", nlohmann::json({{"studies", rebuilt.studies},
                                       {"stages", rebuilt.stages},
                                       {"problems", rebuilt.problems},
                                       {"old_ledger", rebuilt.old_ledger.native()}})
                           .dump(2));
  } else {
    fmt::print("{} has {} and {}\n", state.Ledger().native(),
               Plural(rebuilt.studies, "study", "studies"), Plural(rebuilt.stages, "stage"));
    if (!rebuilt.old_ledger.empty()) {
      fmt::print("the one before is kept as {}\n", rebuilt.old_ledger.native());
    }
  }
  for (const std::string& problem : rebuilt.problems) fmt::print(stderr, "warning: {}\n", problem);
  return rebuilt.problems.empty() ? kExitDone : kExitFailed;
}

}  // namespace upcycle
