#include "experiments/scheduling/shared_machine.h"

#include <utility>

#include <fmt/format.h>

#include "experiments/study/prediction.h"

namespace upcycle {

SharedMachine::SharedMachine(const Study& study, MachineResources resources)
    : study_(study),
      resources_(std::move(resources)),
      placement_(resources_.gpus),
      memory_(resources_.memory_bytes) {
  for (const auto& [stage, peak] : resources_.measured_peaks) {
    if (study_.stages.contains(stage)) Learn(stage, peak);
  }
}

bool SharedMachine::NeedsGpu(const Fingerprint& identity) const {
  const Stage& stage = study_.stages.at(identity);
  return ComputesOnDevice(stage.kind) && !resources_.gpus.empty() &&
         ReadExecution(stage).device != "cpu";
}

Room SharedMachine::Take(const Fingerprint& stage) {
  if (resources_.memory_bytes > 0) {
    const int64_t planned = PlannedHostBytes(stage) + kWorkerBytes;
    std::string why = memory_.Take(stage, memory_needs_.Of(LikenessOf(stage), planned));
    if (!why.empty()) return {.lack = Room::Lack::kMemory, .why = std::move(why)};
  }
  if (!NeedsGpu(stage)) return {.device = "cpu"};
  Room room = TakeGpu(stage);
  if (room.lack != Room::Lack::kNothing) memory_.Release(stage);
  return room;
}

Room SharedMachine::TakeGpu(const Fingerprint& identity) {
  const Stage& stage = study_.stages.at(identity);
  const auto [bytes, is_new] = device_bytes_.try_emplace(identity);
  if (is_new) bytes->second = DeviceBytesOf(study_, stage);
  const std::string asked = ReadExecution(stage).device;
  if (auto device = placement_.Place(identity, asked, bytes->second)) {
    return {.device = std::move(*device)};
  }
  std::string others = placement_.WhyOthersCrowdOut(asked, bytes->second);
  if (others.empty()) return {.lack = Room::Lack::kGpu};
  return {.lack = Room::Lack::kGpuOfOthers, .why = std::move(others)};
}

void SharedMachine::Release(const Fingerprint& stage) {
  placement_.Release(stage);
  memory_.Release(stage);
}

void SharedMachine::Learn(const Fingerprint& stage, int64_t peak_bytes) {
  memory_needs_.Learn(LikenessOf(stage), peak_bytes);
}

void SharedMachine::LookAgain(double now) {
  constexpr double kPauseSeconds = 10;
  if (!resources_.survey_gpus || now < surveyed_ + kPauseSeconds) return;
  placement_.Renew(resources_.survey_gpus());
  surveyed_ = now;
}

std::string SharedMachine::LikenessOf(const Fingerprint& stage) {
  return fmt::format("{} {}", NameOf(study_.stages.at(stage).kind), PlannedHostBytes(stage));
}

int64_t SharedMachine::PlannedHostBytes(const Fingerprint& stage) {
  const auto [bytes, is_new] = host_bytes_.try_emplace(stage);
  if (is_new) bytes->second = HostBytesOf(study_, study_.stages.at(stage), NeedsGpu(stage));
  return bytes->second;
}

}  // namespace upcycle
