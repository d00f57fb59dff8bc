// Errors: one type for everything that ends a run or a command.
//
// Three lanes exist. Mistakes in a recipe are *collected* as diagnostics
// (core/recipe/diagnostics.h) and shown together. `throw Error` ends one run or one command; it is
// caught in the worker, in the scheduler and in `main` only. `UPCYCLE_CHECK` (core/check.h) states
// what only our own bug can break.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace upcycle {

// Why something ended, in the words that the ledger stores and `status` shows.
enum class Cause {
  kInput,         // the recipe, a file or an argument is wrong: the user can mend it
  kMemory,        // no memory left on the host
  kDeviceMemory,  // no memory left on the accelerator
  kDisk,          // no space left, a read-only folder, an input/output error
  kDevice,        // a missing, busy or faulty accelerator
  kDiverged,      // the loss or a gradient is no longer finite
  kInterrupted,   // asked to stop: the same command continues
  kTimeout,       // it took longer than it may
  kKilled,        // ended by somebody from outside, or with its machine
  kLost,          // its process gave no sign of life any more
  kBug,           // our own mistake
};

// "input", "device_memory", ... as stored in the ledger.
std::string_view CauseName(Cause cause);

// The inverse of CauseName; an unknown name is kBug.
Cause CauseFromName(std::string_view name);

// Of the host or of the accelerator.
constexpr bool IsWantOfMemory(Cause cause) {
  return cause == Cause::kMemory || cause == Cause::kDeviceMemory;
}

// The message says what happened, where, and what the user can do about it.
class Error : public std::runtime_error {
 public:
  Error(Cause cause, const std::string& message) : std::runtime_error(message), cause_(cause) {}
  Cause cause() const { return cause_; }

 private:
  Cause cause_;
};

// What the operating system said about the last failed call (`errno`), as an Error: "cannot ACTION
// PATH: No space left on device", with kDisk for space, quota and input/output errors and for
// read-only or forbidden places, kMemory for ENOMEM, and kInput for a missing path.
Error SystemError(std::string_view action, std::string_view path, int error_number);

}  // namespace upcycle
