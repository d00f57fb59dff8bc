// What the attempts of stages have taken of a machine.
#pragma once

#include <cstdint>
#include <map>

#include "core/files.h"
#include "core/fingerprint.h"

namespace upcycle {

struct StageUse {
  int64_t peak_memory_bytes = 0;  // of the host, of an attempt that completed; 0: not known
  double cpu_seconds = 0;         // of all attempts, those of a GPU's stage too
  double gpu_seconds = 0;         // on the clock, of attempts on a GPU
};

// Of every stage that has attempts in the ledger; nothing where there is no ledger.
std::map<Fingerprint, StageUse> ReadStageUse(const fs::path& ledger);

}  // namespace upcycle
