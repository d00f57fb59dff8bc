#include <cuda_runtime.h>
#include <fmt/format.h>

#include "kernels/backend.h"
#include "kernels/cuda/cublas_lt.h"
#include "kernels/cuda/cudnn_attention.h"
#include "kernels/cuda/errors.h"
#include "kernels/gpus.h"

namespace upcycle {
namespace {

std::string ProblemOf(cudaError_t status, int driver_version) {
  if (status == cudaErrorInsufficientDriver && driver_version == 0) {
    return "there is no NVIDIA driver: install one, or give the container the GPU "
           "(docker run --gpus all)";
  }
  if (status == cudaErrorInsufficientDriver) {
    return fmt::format("the driver serves CUDA {}.{} and this program needs {}.{}: update it",
                       driver_version / 1000, driver_version % 1000 / 10, CUDART_VERSION / 1000,
                       CUDART_VERSION % 1000 / 10);
  }
  if (status == cudaErrorNoDevice) {
    return "the driver shows no GPU to this process: look at CUDA_VISIBLE_DEVICES and at "
           "nvidia-smi";
  }
  return fmt::format("CUDA says: {}", cudaGetErrorString(status));
}

Gpu LookAt(int number) {
  cudaDeviceProp properties = {};
  CheckCuda(cudaGetDeviceProperties(&properties, number), "look at the device");
  CheckCuda(cudaSetDevice(number), "use the device");
  size_t free = 0, total = 0;
  CheckCuda(cudaMemGetInfo(&free, &total), "ask for free memory");
  // Asking has made a context, which would hold some hundred MiB for as long as the process lives.
  CheckCuda(cudaDeviceReset(), "let go of the device");
  return {.number = number,
          .name = properties.name,
          .major = properties.major,
          .minor = properties.minor,
          .multiprocessors = properties.multiProcessorCount,
          .memory_bytes = static_cast<int64_t>(total),
          .free_bytes = static_cast<int64_t>(free)};
}

}  // namespace

GpuSoftware VersionsOfGpuSoftware() {
  GpuSoftware software = {.toolkit_version = CUDART_VERSION};
  if (cudaDriverGetVersion(&software.driver_version) != cudaSuccess) cudaGetLastError();
  return software;
}

GpuSurvey SurveyGpus() {
  GpuSurvey survey;
  survey.software = VersionsOfGpuSoftware();
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    cudaGetLastError();
    survey.problem = ProblemOf(count == 0 && status == cudaSuccess ? cudaErrorNoDevice : status,
                               survey.software.driver_version);
    return survey;
  }
  for (int number = 0; number < count; ++number) {
    try {
      survey.gpus.push_back(LookAt(number));
    } catch (const Error& error) {
      survey.problem +=
          fmt::format("{}cuda:{}: {}", survey.problem.empty() ? "" : "; ", number, error.what());
    }
  }
  return survey;
}

std::vector<GpuLibrary> SurveyGpuLibraries() { return {SurveyCublasLt(), SurveyCudnn()}; }

int64_t FreeGpuBytes(int number) {
  CheckCuda(cudaSetDevice(number), "use the device");
  size_t free = 0, total = 0;
  CheckCuda(cudaMemGetInfo(&free, &total), "ask for free memory");
  return static_cast<int64_t>(free);
}

}  // namespace upcycle
