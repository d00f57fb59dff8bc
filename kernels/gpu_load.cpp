#include "kernels/gpu_load.h"

#include <array>

#include <dlfcn.h>

namespace upcycle {
namespace {

// Of nvml.h, whose functions keep their form: a new form gets a new name.
using NvmlDevice = void*;
constexpr int kNvmlSuccess = 0;

struct NvmlUtilization {
  unsigned gpu = 0, memory = 0;  // percent of the time
};

struct NvmlMemory {
  unsigned long long total = 0, free = 0, used = 0;  // bytes
};

}  // namespace

struct GpuLoadMeter::Library {
  void* handle = nullptr;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*device)(unsigned, NvmlDevice*) = nullptr;
  int (*name)(NvmlDevice, char*, unsigned) = nullptr;
  int (*utilization)(NvmlDevice, NvmlUtilization*) = nullptr;
  int (*memory)(NvmlDevice, NvmlMemory*) = nullptr;
  bool is_begun = false;

  ~Library() {
    if (is_begun) shutdown();
    if (handle != nullptr) dlclose(handle);
  }

  template <typename Function>
  bool Find(const char* symbol, Function* function) {
    *function = reinterpret_cast<Function>(dlsym(handle, symbol));
    return *function != nullptr;
  }

  // Whether it is there, has all that is needed, and finds a driver.
  bool Begin(const std::string& file) {
    handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    const bool is_whole =
        handle != nullptr && Find("nvmlInit_v2", &init) && Find("nvmlShutdown", &shutdown) &&
        Find("nvmlDeviceGetCount_v2", &count) && Find("nvmlDeviceGetHandleByIndex_v2", &device) &&
        Find("nvmlDeviceGetName", &name) && Find("nvmlDeviceGetUtilizationRates", &utilization) &&
        Find("nvmlDeviceGetMemoryInfo", &memory);
    is_begun = is_whole && init() == kNvmlSuccess;
    return is_begun;
  }
};

GpuLoadMeter::GpuLoadMeter(const std::string& library) : library_(std::make_unique<Library>()) {
  if (!library_->Begin(library)) library_.reset();
}

GpuLoadMeter::~GpuLoadMeter() = default;

std::vector<GpuLoad> GpuLoadMeter::Look() {
  std::vector<GpuLoad> loads;
  unsigned count = 0;
  if (!library_ || library_->count(&count) != kNvmlSuccess) return loads;
  for (unsigned number = 0; number < count; ++number) {
    NvmlDevice device = nullptr;
    NvmlMemory memory;
    if (library_->device(number, &device) != kNvmlSuccess) continue;
    if (library_->memory(device, &memory) != kNvmlSuccess) continue;
    GpuLoad load = {.number = static_cast<int>(number),
                    .name = "GPU",
                    .busy_share = std::nullopt,
                    .memory_bytes = static_cast<int64_t>(memory.total),
                    .used_bytes = static_cast<int64_t>(memory.used)};
    std::array<char, 96> name = {};
    if (library_->name(device, name.data(), name.size() - 1) == kNvmlSuccess) {
      load.name = name.data();
    }
    NvmlUtilization utilization;  // not known of a GPU that is divided into several
    if (library_->utilization(device, &utilization) == kNvmlSuccess) {
      load.busy_share = utilization.gpu / 100.0;
    }
    loads.push_back(std::move(load));
  }
  return loads;
}

}  // namespace upcycle
