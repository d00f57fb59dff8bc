// `upcycle status [STUDY]`

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/status.h"
#include "tools/command_line.h"
#include "tools/commands.h"

namespace upcycle {

int StatusCommand(const Arguments& arguments) {
  std::string study;
  std::string root = "runs";
  bool json = false;
  CommandLine line(
      "status [STUDY] [options]",
      "What runs and how far it is, what waits and why, what failed and with which message.");
  line.OptionalPositional("STUDY", &study, "a recipe's name; all studies where it is left out");
  line.Option("root", &root, "folder of all state");
  line.Flag("json", &json, "as JSON");
  line.Parse(arguments);
  LedgerReader ledger(fs::path(root) / "ledger.sqlite");
  const auto status = ReadStatus(ledger, study.empty() ? std::nullopt : std::optional(study));
  fmt::print("{}", json ? StatusJson(status).dump(2) + "\n" : StatusText(status));
  return kExitDone;
}

}  // namespace upcycle
