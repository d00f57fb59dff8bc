#include "experiments/run/stage_folder.h"

#include "core/checksums.h"
#include "core/data/dataset.h"

namespace upcycle {

std::string StageFolder::FindOutputDamage(StageKind kind) const {
  if (!HasOutput(kind)) return "";
  if (!fs::exists(output(kind)) && fs::exists(removal_note())) {
    return "it was removed by `upcycle gc`";
  }
  return kind == StageKind::kTokens ? FindDatasetDamage(tokens()) : FindDamage(model());
}

}  // namespace upcycle
