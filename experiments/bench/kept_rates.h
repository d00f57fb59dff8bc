// What a probe measured (experiments/bench/division_probe.h), kept in a root so that it is measured
// once: for this build of the program, this machine and this architecture of a training.
#pragma once

#include <vector>

#include "core/files.h"
#include "core/fingerprint.h"
#include "experiments/bench/division_probe.h"

namespace upcycle {

// Of everything that a rate depends on; seeds, data, budgets and rates of learning are no part.
Fingerprint ProbeIdentity(const Stage& training, const std::vector<Gpu>& gpus, int cores);

class KeptRates {
 public:
  explicit KeptRates(const fs::path& root) : path_(root / "probes.json") {}

  // Empty where nothing was measured yet, or where the file cannot be understood.
  std::vector<DivisionRate> Find(const Fingerprint& identity) const;
  void Keep(const Fingerprint& identity, const std::vector<DivisionRate>& rates) const;

 private:
  fs::path path_;
};

}  // namespace upcycle
