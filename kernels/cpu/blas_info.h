// Which OpenBLAS this process has.
#pragma once

#include <string>

namespace upcycle {

struct BlasInfo {
  std::string config;     // its version and how it was built: "OpenBLAS 0.3.21 … MAX_THREADS=64"
  std::string core;       // whose kernels it chose: "SkylakeX"
  bool is_right = false;  // the kernels are as wide as this processor's vectors
};

BlasInfo LookAtOpenBlas();

}  // namespace upcycle
