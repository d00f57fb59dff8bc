#include "experiments/run/stage_folder.h"

#include "core/checksums.h"

namespace upcycle {

std::string StageFolder::FindOutputDamage(StageKind kind) const {
  if (kind == StageKind::kEvaluate) return "";
  return FindDamage(kind == StageKind::kTokens ? tokens() : model());
}

}  // namespace upcycle
