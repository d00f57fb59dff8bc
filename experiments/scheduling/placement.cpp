#include "experiments/scheduling/placement.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/check.h"
#include "results/tables/number_text.h"

namespace upcycle {

namespace {

std::string NameOf(int gpu) { return "cuda:" + std::to_string(gpu); }

bool IsAskedFor(const std::string& asked, int gpu) {
  return asked == "auto" || asked == "cuda" || asked == NameOf(gpu);
}

}  // namespace

bool CanPlace(const std::vector<Gpu>& gpus, const std::string& device) {
  if (device == "cpu" || device == "auto") return true;
  return std::any_of(gpus.begin(), gpus.end(),
                     [&](const Gpu& gpu) { return IsAskedFor(device, gpu.number); });
}

Placement::Placement(const std::vector<Gpu>& gpus) {
  for (const Gpu& gpu : gpus) devices_[gpu.number] = {gpu.free_bytes, gpu.memory_bytes};
}

std::optional<std::string> Placement::Place(const Fingerprint& stage, const std::string& asked,
                                            int64_t bytes) {
  UPCYCLE_CHECK(!held_.contains(stage));
  if (asked == "cpu" || (asked == "auto" && devices_.empty())) return "cpu";
  const int64_t taken = bytes + kGpuContextBytes;
  const Device* best = nullptr;
  int number = 0;
  for (const auto& [candidate, device] : devices_) {
    const bool fits =
        device.room_bytes >= taken || (device.stages == 0 && !device.IsCrowdedFor(taken));
    if (!IsAskedFor(asked, candidate) || !fits) continue;
    if (best != nullptr && device.room_bytes <= best->room_bytes) continue;
    best = &device;
    number = candidate;
  }
  if (best == nullptr) return std::nullopt;
  Device& device = devices_.at(number);
  device.room_bytes -= taken;
  ++device.stages;
  held_[stage] = {number, taken};
  return NameOf(number);
}

std::string Placement::WhyOthersCrowdOut(const std::string& asked, int64_t bytes) const {
  const int64_t taken = bytes + kGpuContextBytes;
  for (const auto& [number, device] : devices_) {
    if (!IsAskedFor(asked, number) || !device.IsCrowdedFor(taken)) continue;
    return fmt::format("for memory of {}: needs {}, other programs leave {}", NameOf(number),
                       BytesText(static_cast<double>(taken)),
                       BytesText(static_cast<double>(device.room_bytes)));
  }
  return "";
}

void Placement::Renew(const std::vector<Gpu>& gpus) {
  for (const Gpu& gpu : gpus) {
    const auto device = devices_.find(gpu.number);
    if (device == devices_.end() || device->second.stages > 0) continue;
    device->second.room_bytes = gpu.free_bytes;
  }
}

void Placement::Release(const Fingerprint& stage) {
  const auto held = held_.extract(stage);
  if (held.empty()) return;
  Device& device = devices_.at(held.mapped().gpu);
  device.room_bytes += held.mapped().bytes;
  --device.stages;
}

}  // namespace upcycle
