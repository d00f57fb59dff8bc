// What did it and on what: enough to say later why two machines gave other digits.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace upcycle {

// {"version", "build", "compiler", "libraries", "system", "processor", "command_line"} of this
// process and, where it is to compute on a GPU, {"cuda_toolkit", "cuda_driver"}.
nlohmann::json Provenance(bool on_gpu);

// The words that this process was called with, as a shell would take them.
std::string CommandLineOfThisProcess();

}  // namespace upcycle
