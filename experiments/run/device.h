// The device that a recipe asks for (execution.device) as a backend.
#pragma once

#include <memory>
#include <string_view>

#include "core/recipe/train_settings.h"
#include "kernels/backend.h"

namespace upcycle {

// Throws Error(kInput) for a device that this build or this machine does not have. `device` is
// auto, cpu, cuda or cuda:N.
void RequireDevice(std::string_view device);

// Whether `device` is a GPU; one that is asked for counts as there.
bool IsGpu(std::string_view device);

// The activations' type of the backend that MakeBackend would make; a GPU that is asked for counts
// as there.
DataType ActivationTypeOn(std::string_view device, Precision precision);

// auto is the first GPU, or the CPU where there is none, and cuda is cuda:0. A CPU computes in
// float32 whatever the precision, with `threads` threads.
std::unique_ptr<Backend> MakeBackend(std::string_view device, Precision precision, int threads);

}  // namespace upcycle
