#include "tests/kernels/tested_backend.h"

namespace upcycle {

std::unique_ptr<Backend> MakeTestedBackend() { return MakeCpuBackend(2); }

}  // namespace upcycle
