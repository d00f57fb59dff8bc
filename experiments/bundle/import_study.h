// A study of another root, from a bundle (manifest.h), taken over by this one.
#pragma once

#include <cstdint>
#include <string>

#include "core/files.h"

namespace upcycle {

struct ImportOptions {
  std::string name;  // that the study has here; empty: its own
};

struct ImportedStudy {
  std::string study;      // its name here
  int64_t added = 0;      // stages that were not here
  int64_t continued = 0;  // that were begun here, and that the bundle goes on with
  int64_t kept = 0;       // that are here already
  int64_t outputs = 0;    // that came with stages, or that stages here lacked
  int64_t launches = 0;   // that were not here
  int64_t records = 0;    // of what the study was, that were not here; 0: nothing new
};

// Checks the bundle whole, and against what is here, before anything of the root is changed. Killed
// at any moment, the same call goes on; called twice, the second finds everything there.
//
// A stage that is here and complete stays as it is, provided that the bundle's says the same; one
// that was begun here stays, or is replaced by a bundle's that goes on from it. A study of the same
// name is the same study if its records are the first of the bundle's, or the other way round.
//
// Throws Error(kInput) as UnpackedBundle does, for a stage that came to another end here, that a
// process is at, or that was begun here otherwise, and for another study of this name. The caller
// holds the root's lock.
ImportedStudy ImportStudy(const fs::path& root, const fs::path& bundle,
                          const ImportOptions& options);

}  // namespace upcycle
