#include "experiments/run/stage_folder.h"

#include "core/checksums.h"
#include "core/data/dataset.h"

namespace upcycle {

std::string StageFolder::FindOutputDamage(StageKind kind) const {
  if (!HasOutput(kind)) return "";
  return kind == StageKind::kTokens ? FindDatasetDamage(tokens()) : FindDamage(model());
}

}  // namespace upcycle
