// A build without CUDA: no GPUs, and why.
#include "core/error.h"
#include "kernels/backend.h"
#include "kernels/cuda/attention_choice.h"
#include "kernels/gpus.h"

namespace upcycle {

int CudaDeviceCount() { return 0; }

GpuSoftware VersionsOfGpuSoftware() { return {}; }

GpuSurvey SurveyGpus() {
  GpuSurvey survey;
  survey.problem =
      "this program was built without CUDA: build it where a CUDA toolkit is installed";
  return survey;
}

std::vector<GpuLibrary> SurveyGpuLibraries() { return {}; }

std::unique_ptr<Backend> MakeCudaBackend(int, DataType) {
  throw Error(Cause::kDevice,
              "this program was built without CUDA and has no GPU backend; choose device: cpu, or "
              "build it where a CUDA toolkit is installed");
}

std::unique_ptr<Backend> MakeCudaBackend(int device, DataType activation_type, AttentionChoice) {
  return MakeCudaBackend(device, activation_type);
}

int64_t FreeGpuBytes(int) {
  throw Error(Cause::kDevice, "this program was built without CUDA and sees no GPU's memory");
}

}  // namespace upcycle
