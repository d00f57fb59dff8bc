// The device that a recipe asks for (execution.device) as a backend.
#pragma once

#include <memory>
#include <string_view>

#include "kernels/backend.h"

namespace upcycle {

// Throws Error(kInput) for a device that this build or this machine does not have.
void RequireDevice(std::string_view device);

// `device` is auto, cpu, cuda or cuda:N; `threads` those of the CPU.
std::unique_ptr<Backend> MakeBackend(std::string_view device, int threads);

}  // namespace upcycle
