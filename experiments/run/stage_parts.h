// What of a stage's folder takes room and can be made again: outputs, checkpoints, and what killed
// processes left. Journal, log and description are its record, and no part in this sense.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/files.h"
#include "experiments/run/stage_folder.h"

namespace upcycle {

enum class PartKind { kOutput, kCheckpoints, kLeftover };
template <>
struct EnumNames<PartKind> {
  static constexpr EnumName<PartKind> values[] = {
      {PartKind::kOutput, "output", "what later stages read"},
      {PartKind::kCheckpoints, "checkpoints", "of a training that was under way"},
      {PartKind::kLeftover, "leftover", "of a process that was killed"},
  };
};

struct StagePart {
  PartKind kind = PartKind::kOutput;
  fs::path path;
  int64_t bytes = 0;  // of its files
};

// Those that there are. What is a link, and not a folder of the stage's own, is left out.
std::vector<StagePart> PartsOf(const StageFolder& folder);

// Removes one, whole or not at all as far as anybody who looks for it can tell: a crash leaves at
// most a leftover. An output leaves a note behind, so that it does not look lost. The caller holds
// the stage's lock.
void RemovePart(const StageFolder& folder, const StagePart& part);

}  // namespace upcycle
