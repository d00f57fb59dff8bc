// What `upcycle export` writes for other programs (results/interchange/interchange.h).
#pragma once

#include <string>

#include "core/files.h"
#include "tools/terminal/command_line.h"

namespace upcycle {

struct ValueExport {
  std::string tensorboard, mlflow, points;  // folders and a file; empty: not asked for
  bool system = false;

  void Declare(CommandLine& line);
  bool Any() const { return !tensorboard.empty() || !mlflow.empty() || !points.empty(); }

  // Throws Error(kInput) where `others`, options of another kind of export, were given too, or
  // --system without any of these.
  void RequireAlone(bool others) const;

  // Each that was asked for, and a line about it on standard output.
  void Write(const fs::path& ledger, const std::string& study) const;
};

}  // namespace upcycle
