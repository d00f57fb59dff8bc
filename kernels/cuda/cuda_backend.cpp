#include "kernels/cuda/cuda_backend.h"

#include <cstring>

#include <fmt/format.h>

#include "core/check.h"
#include "kernels/cuda/errors.h"
#include "kernels/gpus.h"

namespace upcycle {
namespace {

size_t BytesOf(const ConstTensor& x) { return static_cast<size_t>(x.bytes()); }

// Empty where own kernels do everything.
std::string CudnnVersionFor(DataType activation_type, AttentionChoice attention) {
  const bool asked =
      attention == AttentionChoice::kCudnnFirst && activation_type == DataType::kBFloat16;
  return asked ? CudnnAttention::Version() : "";
}

std::string NameOf(int device, DataType activation_type, AttentionChoice attention) {
  cudaDeviceProp properties = {};
  CheckCuda(cudaGetDeviceProperties(&properties, device), "look at the device");
  const std::string cudnn = CudnnVersionFor(activation_type, attention);
  return fmt::format("cuda:{} ({}, {}{})", device, properties.name,
                     activation_type == DataType::kBFloat16 ? "bfloat16" : "float32",
                     cudnn.empty() ? "" : fmt::format(", attention by cuDNN {}", cudnn));
}

// The device, made the calling thread's own.
int Select(int device) {
  const int count = CudaDeviceCount();
  if (device < 0 || device >= count) {
    throw Error(Cause::kDevice,
                fmt::format("there is no GPU {}: this process sees {}; choose another device, or "
                            "look at CUDA_VISIBLE_DEVICES and at what nvidia-smi says",
                            device, count));
  }
  CheckCuda(cudaSetDevice(device), "use the device");
  return device;
}

const char* Describe(DeviceFault fault) {
  switch (fault) {
    case DeviceFault::kNone:
      break;
    case DeviceFault::kToken:
      return "a token or a target outside the vocabulary";
    case DeviceFault::kExpert:
      return "an expert that does not exist";
    case DeviceFault::kPlace:
      return "a place outside the cache of keys and values";
  }
  return "nothing";
}

}  // namespace

int CudaDeviceCount() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  cudaGetLastError();
  return 0;
}

std::unique_ptr<Backend> MakeCudaBackend(int device, DataType activation_type) {
  return std::make_unique<CudaBackend>(device, activation_type);
}

std::unique_ptr<Backend> MakeCudaBackend(int device, DataType activation_type,
                                         AttentionChoice attention) {
  return std::make_unique<CudaBackend>(device, activation_type, kCudaStagingBytes / 2, attention);
}

CudaBackend::FaultWord::FaultWord() {
  void* memory = nullptr;
  CheckCuda(cudaMallocHost(&memory, sizeof(int32_t)), "allocate pinned memory");
  host = static_cast<int32_t*>(memory);
  const cudaError_t status = cudaMalloc(&memory, sizeof(int32_t));
  if (status != cudaSuccess) cudaFreeHost(host);
  CheckCuda(status, "allocate memory");
  device = static_cast<int32_t*>(memory);
}

CudaBackend::FaultWord::~FaultWord() {
  cudaFree(device);
  cudaFreeHost(host);
}

CudaBackend::CudaBackend(int device, DataType activation_type, int64_t staging_bytes,
                         AttentionChoice attention)
    : name_(NameOf(Select(device), activation_type, attention)),
      activation_type_(activation_type),
      stream_(owned_stream_.handle()),
      fault_(fault_word_.device),
      scratch_(stream_),
      staging_(stream_, staging_bytes) {
  UPCYCLE_CHECK(activation_type == DataType::kFloat32 || activation_type == DataType::kBFloat16);
  CheckCuda(cudaMemsetAsync(fault_, 0, sizeof(int32_t), stream_), "clear memory");
  // Enough for most models; wider ones grow it at their first step.
  scratch_.Reserve(kCudaBackendBytes - static_cast<int64_t>(ProductWorkspace::kBytes));
  if (!CudnnVersionFor(activation_type, attention).empty()) {
    cudnn_attention_ = std::make_unique<CudnnAttention>(stream_, scratch_);
  }
}

// Whoever made the last call may still be waited for.
CudaBackend::~CudaBackend() { cudaStreamSynchronize(stream_); }

void* CudaBackend::Allocate(int64_t bytes) {
  UPCYCLE_CHECK(bytes >= 0);
  host_took_part_ = true;
  const auto size = static_cast<size_t>(bytes > 0 ? bytes : 1);
  void* memory = nullptr;
  if (cudaMalloc(&memory, size) != cudaSuccess) {
    cudaGetLastError();
    throw DeviceMemoryError(bytes);
  }
  CheckCuda(cudaMemsetAsync(memory, 0, size, stream_), "clear memory");
  return memory;
}

void CudaBackend::Free(void* memory) {
  host_took_part_ = true;
  cudaStreamSynchronize(stream_);
  cudaFree(memory);
}

void* CudaBackend::AllocateOnHost(int64_t bytes) {
  UPCYCLE_CHECK(bytes >= 0);
  const auto size = static_cast<size_t>(bytes > 0 ? bytes : 1);
  void* memory = nullptr;
  if (cudaMallocHost(&memory, size) != cudaSuccess) {
    cudaGetLastError();
    throw Error(Cause::kMemory,
                fmt::format("cannot pin {:.1f} MiB of the host's memory for the GPU; keep the "
                            "optimizer's moments on the device, or in fewer bits",
                            static_cast<double>(bytes) / (1 << 20)));
  }
  std::memset(memory, 0, size);
  return memory;
}

void CudaBackend::FreeOnHost(void* memory) {
  cudaStreamSynchronize(stream_);
  cudaFreeHost(memory);
}

void CudaBackend::Finish() {
  host_took_part_ = true;
  CheckCuda(
      cudaMemcpyAsync(fault_word_.host, fault_, sizeof(int32_t), cudaMemcpyDeviceToHost, stream_),
      "read from the device");
  CheckCuda(cudaStreamSynchronize(stream_), "finish the work");
  const auto fault = static_cast<DeviceFault>(*fault_word_.host);
  if (fault == DeviceFault::kNone) return;
  CheckCuda(cudaMemsetAsync(fault_, 0, sizeof(int32_t), stream_), "clear memory");
  throw Error(Cause::kBug, fmt::format("a GPU kernel was given {}", Describe(fault)));
}

void CudaBackend::DoCopyToHost(Tensor host, ConstTensor source) {
  CheckCuda(cudaMemcpyAsync(host.memory(), source.memory(), BytesOf(source), cudaMemcpyDeviceToHost,
                            stream_),
            "copy from the device");
  Finish();
}

// Waits, so that the caller may change what it gave.
void CudaBackend::DoCopyFromHost(Tensor destination, ConstTensor host) {
  host_took_part_ = true;
  CheckCuda(cudaMemcpyAsync(destination.memory(), host.memory(), BytesOf(host),
                            cudaMemcpyHostToDevice, stream_),
            "copy to the device");
  CheckCuda(cudaStreamSynchronize(stream_), "copy to the device");
}

void CudaBackend::DoCopy(Tensor destination, ConstTensor source) {
  CheckCuda(cudaMemcpyAsync(destination.memory(), source.memory(), BytesOf(source),
                            cudaMemcpyDeviceToDevice, stream_),
            "copy on the device");
}

void CudaBackend::DoZero(Tensor x) {
  CheckCuda(cudaMemsetAsync(x.memory(), 0, BytesOf(x), stream_), "clear memory");
}

void CudaBackend::DoMatMul(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                           Transpose transpose_b, Accumulate accumulate) {
  matmul_.Multiply(out, a, transpose_a, b, transpose_b, accumulate, stream_, workspace_);
}

}  // namespace upcycle
