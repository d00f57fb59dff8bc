// The words for causes, in the order in which help shows them.
#pragma once

#include "core/enum_names.h"
#include "core/error.h"

namespace upcycle {

template <>
struct EnumNames<Cause> {
  static constexpr EnumName<Cause> values[] = {
      {Cause::kInput, "input", "the recipe, a file or an argument is wrong"},
      {Cause::kMemory, "memory", "no memory left on the host"},
      {Cause::kDeviceMemory, "device_memory", "no memory left on the accelerator"},
      {Cause::kDisk, "disk", "no space left, a read-only folder, an input/output error"},
      {Cause::kDevice, "device", "a missing, busy or faulty accelerator"},
      {Cause::kDiverged, "diverged", "the loss or a gradient is no longer finite"},
      {Cause::kInterrupted, "interrupted", "asked to stop"},
      {Cause::kTimeout, "timeout", "it took longer than it may"},
      {Cause::kKilled, "killed", "ended by somebody from outside, or with its machine"},
      {Cause::kLost, "lost", "its process gave no sign of life any more"},
      {Cause::kBug, "bug", "a mistake of the program's own"},
  };
};

}  // namespace upcycle
