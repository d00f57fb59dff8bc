// Which NVIDIA GPUs this process can use, and why not, for people and for whoever places runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace upcycle {

// What a GPU's backend takes of its memory beside planned buffers: the workspace of matrix products
// and scratch, which very wide models may grow.
inline constexpr int64_t kCudaBackendBytes = int64_t{36} << 20;
// And once they are used: the streams of ExpertPath::kStreams, and the way of moments on the host.
inline constexpr int64_t kCudaStreamsBytes = int64_t{128} << 20;
inline constexpr int64_t kCudaStagingBytes = int64_t{64} << 20;

struct Gpu {
  int number = 0;            // as in cuda:N
  std::string name;          // "NVIDIA H100 80GB HBM3"
  int major = 0, minor = 0;  // compute capability
  int multiprocessors = 0;
  int64_t memory_bytes = 0;
  int64_t free_bytes = 0;  // of them, at the moment
};

// Versions as CUDA counts them: 13020 is 13.2.
struct GpuSoftware {
  int toolkit_version = 0;  // this program was built with; 0: without CUDA
  int driver_version = 0;   // the newest that the driver serves; 0: no driver
};
GpuSoftware VersionsOfGpuSoftware();

struct GpuSurvey {
  GpuSoftware software;
  std::string problem;  // why there is no GPU, and what to do; empty where there is one
  std::vector<Gpu> gpus;
};

// Looks at every GPU, which takes a moment for each. Ends what this process has on them, so it
// comes before any backend is made.
GpuSurvey SurveyGpus();

// A library that a GPU's backend loads when it is made.
struct GpuLibrary {
  std::string name;
  bool works = false;
  std::string found;   // its version and file, or where it was looked for
  std::string advice;  // how to get it; empty where it works
};

// Loads every one of them, which costs a tenth of a second and 200 MiB; needs no GPU. Empty in a
// build without CUDA.
std::vector<GpuLibrary> SurveyGpuLibraries();

// Bytes that nobody has taken of a GPU's memory: this process and all others on it. Throws
// Error(kDevice) where there is no such GPU.
int64_t FreeGpuBytes(int number);

}  // namespace upcycle
