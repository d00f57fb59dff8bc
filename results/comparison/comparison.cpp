#include "results/comparison/comparison.h"

#include <algorithm>

namespace upcycle {

const ArmComparison* BaselineOf(const Comparison& comparison) {
  for (const ArmComparison& arm : comparison.arms) {
    if (arm.name == comparison.baseline) return &arm;
  }
  return nullptr;
}

std::vector<const ArmComparison*> ShownArms(const Comparison& comparison) {
  std::vector<const ArmComparison*> shown;
  for (const ArmComparison& arm : comparison.arms) {
    if (arm.shown) shown.push_back(&arm);
  }
  return shown;
}

int64_t FamilyOf(const Comparison& comparison) {
  return std::ranges::count_if(comparison.arms,
                               [](const ArmComparison& arm) { return arm.judgement.has_value(); });
}

std::string EvidenceCommandOf(const Comparison& comparison) {
  return comparison.command + " --evidence";
}

std::vector<const SettingTexts*> SettingsOf(const std::vector<const ArmComparison*>& arms) {
  std::vector<const SettingTexts*> settings;
  for (const ArmComparison* arm : arms) settings.push_back(&arm->setting_texts);
  return settings;
}

}  // namespace upcycle
