#include "tests/kernels/tested_backend.h"

namespace upcycle {

std::unique_ptr<Backend> MakeTestedBackend() {
  if (CudaDeviceCount() == 0) return nullptr;
  return MakeCudaBackend(0, DataType::kFloat32);
}

}  // namespace upcycle
