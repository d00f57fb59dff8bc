// What the commands that read or change the state of studies have in common.
#pragma once

#include <map>
#include <string>

#include "core/files.h"
#include "core/fingerprint.h"
#include "results/ledger/records.h"
#include "tools/terminal/command_line.h"

namespace upcycle {

struct StateOptions {
  std::string root = "runs";

  void Declare(CommandLine& line) { line.Option("root", &root, "folder of all state"); }

  // Each throws Error(kInput) if the option names nothing.
  fs::path Root() const;  // absolute
  fs::path Ledger() const { return Folder() / "ledger.sqlite"; }
  // Held by the one scheduler of this root for as long as it lives.
  fs::path SchedulerLock() const { return Folder() / "scheduler.lock"; }

  // Where every stage stands; nothing where there is no ledger yet. Changes nothing on disk.
  std::map<Fingerprint, StageState> StageStates() const;

 private:
  fs::path Folder() const;  // as it was named
};

}  // namespace upcycle
