// What the commands that read or change the state of studies have in common.
#pragma once

#include <map>
#include <string>

#include "core/files.h"
#include "core/fingerprint.h"
#include "results/records.h"
#include "tools/command_line.h"

namespace upcycle {

struct StateOptions {
  std::string root = "runs";

  void Declare(CommandLine& line) { line.Option("root", &root, "folder of all state"); }

  fs::path Root() const { return fs::absolute(root); }
  fs::path Ledger() const { return fs::path(root) / "ledger.sqlite"; }

  // Where every stage stands; nothing where there is no ledger yet. Changes nothing on disk.
  std::map<Fingerprint, StageState> StageStates() const;
};

}  // namespace upcycle
