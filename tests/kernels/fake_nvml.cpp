// A management library of a machine with two GPUs, of which the second does not tell how busy it
// is. For gpu_load_test.
#include <cstring>

namespace {

struct Utilization {
  unsigned gpu, memory;
};
struct Memory {
  unsigned long long total, free, used;
};
constexpr int kSuccess = 0, kNotSupported = 3;
unsigned gpus[2] = {0, 1};

unsigned NumberOf(void* device) { return *static_cast<unsigned*>(device); }

}  // namespace

extern "C" {

int nvmlInit_v2() { return kSuccess; }
int nvmlShutdown() { return kSuccess; }

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = &gpus[index];
  return kSuccess;
}

int nvmlDeviceGetName(void*, char* name, unsigned length) {
  std::strncpy(name, "Fake H100", length);
  return kSuccess;
}

int nvmlDeviceGetUtilizationRates(void* device, Utilization* rates) {
  if (NumberOf(device) == 1) return kNotSupported;
  *rates = {75, 10};
  return kSuccess;
}

int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  *memory = {80'000, 60'000, 20'000ULL + NumberOf(device)};
  return kSuccess;
}

}  // extern "C"
