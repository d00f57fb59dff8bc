// What the stages of a study share on this machine beside its cores: memory, and GPUs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiments/scheduling/host_memory.h"
#include "experiments/scheduling/placement.h"
#include "experiments/study/study.h"

namespace upcycle {

// What there is to share.
struct MachineResources {
  std::vector<Gpu> gpus = {};
  std::function<std::vector<Gpu>()> survey_gpus = {};  // again, while others hold their memory
  int64_t memory_bytes = 0;                            // of the host; 0: no limit
  std::map<Fingerprint, int64_t> measured_peaks = {};  // of the host, of stages that completed
};

// What a stage gets, or why it gets nothing for now.
struct Room {
  enum class Lack { kNothing, kMemory, kGpu, kGpuOfOthers };
  std::string device = {};  // to compute on: cpu or cuda:N
  Lack lack = Lack::kNothing;
  std::string why = {};  // for people, where others than our own stages are in the way
};

class SharedMachine {
 public:
  // `study` outlives it.
  SharedMachine(const Study& study, MachineResources resources);

  // Whether a stage computes on one of the GPUs that there are.
  bool NeedsGpu(const Fingerprint& stage) const;

  // Takes the memory and the GPU that a stage needs: both, or neither.
  Room Take(const Fingerprint& stage);
  // The stage has ended.
  void Release(const Fingerprint& stage);
  // A stage has completed that took at most so much of the host's memory.
  void Learn(const Fingerprint& stage, int64_t peak_bytes);
  // What other programs leave of the GPUs, again; at most every ten seconds of `now`.
  void LookAgain(double now);

 private:
  Room TakeGpu(const Fingerprint& stage);
  // What stages that take as much have in common.
  std::string LikenessOf(const Fingerprint& stage);
  int64_t PlannedHostBytes(const Fingerprint& stage);

  const Study& study_;
  MachineResources resources_;
  Placement placement_;
  HostMemory memory_;
  MemoryNeeds memory_needs_;
  double surveyed_ = 0;  // when
  // Planned, of stages that were asked about.
  std::map<Fingerprint, int64_t> device_bytes_, host_bytes_;
};

}  // namespace upcycle
