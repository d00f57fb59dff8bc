#include "experiments/run/stage_folder.h"

#include <nlohmann/json.hpp>

#include "core/checksums.h"
#include "core/data/dataset.h"

namespace upcycle {

std::string StageFolder::FindOutputDamage(StageKind kind) const {
  if (!HasOutput(kind)) return "";
  if (!fs::exists(output(kind)) && fs::exists(removal_note())) {
    const auto note = nlohmann::json::parse(ReadTextFile(removal_note()), nullptr, false);
    return note.is_object() && note.value("by", "") == "import"
               ? "the bundle that it came from left it out"
               : "it was removed by `upcycle gc`";
  }
  return kind == StageKind::kTokens ? FindDatasetDamage(tokens()) : FindDamage(model());
}

}  // namespace upcycle
