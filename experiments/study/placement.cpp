#include "experiments/study/placement.h"

#include "core/check.h"

namespace upcycle {

Placement::Placement(const std::vector<Gpu>& gpus) {
  for (const Gpu& gpu : gpus) devices_[gpu.number] = {gpu.free_bytes};
}

std::optional<std::string> Placement::Place(const Fingerprint& stage, const std::string& asked,
                                            int64_t bytes) {
  UPCYCLE_CHECK(!held_.contains(stage));
  if (asked == "cpu" || devices_.empty()) return "cpu";
  const auto name_of = [](int number) { return "cuda:" + std::to_string(number); };
  const int64_t taken = bytes + kGpuContextBytes;
  const Device* best = nullptr;
  int number = 0;
  for (const auto& [candidate, device] : devices_) {
    const bool asked_for = asked == "auto" || asked == "cuda" || asked == name_of(candidate);
    const bool fits = device.room_bytes >= taken || device.stages == 0;
    if (!asked_for || !fits) continue;
    if (best != nullptr && device.room_bytes <= best->room_bytes) continue;
    best = &device;
    number = candidate;
  }
  if (best == nullptr) return std::nullopt;
  Device& device = devices_.at(number);
  device.room_bytes -= taken;
  ++device.stages;
  held_[stage] = {number, taken};
  return name_of(number);
}

void Placement::Release(const Fingerprint& stage) {
  const auto held = held_.extract(stage);
  if (held.empty()) return;
  Device& device = devices_.at(held.mapped().gpu);
  device.room_bytes += held.mapped().bytes;
  --device.stages;
}

}  // namespace upcycle
