// A study of a root as one file, to be taken over by another root (import_study.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/files.h"
#include "experiments/bundle/manifest.h"

namespace upcycle {

struct ExportOptions {
  std::string study;
  BundledModels models = BundledModels::kNone;
  bool logs = false;
  // While a scheduler is at work: the bundle has what is complete, and notes say what it lacks.
  bool complete_only = false;
};

struct ExportedStudy {
  Manifest manifest;
  int64_t stages = 0;              // that were begun, of all that the study ever had
  int64_t outputs = 0;             // of these, that the bundle has
  uint64_t bytes = 0;              // of the bundle
  std::vector<std::string> notes;  // what was left out against the options, and why
};

// Writes the bundle, which appears whole. The same root and options give the same bytes. The caller
// holds the root's lock, or asks for what is complete: that changes no more, and what is made again
// comes to the same bytes. Throws Error(kInput) for an unknown study, and for a journal that is
// damaged: `upcycle run` sets that aside and does its stage anew.
ExportedStudy ExportStudy(const fs::path& root, const ExportOptions& options,
                          const fs::path& target);

}  // namespace upcycle
