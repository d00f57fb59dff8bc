// A clock that jumps, for programs that this library is loaded into before all others (LD_PRELOAD):
// the time of day is off by the seconds that the file $UPCYCLE_CLOCK_OFFSET holds.

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <dlfcn.h>

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  using Function = int (*)(clockid_t, timespec*);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int status = real(clock, time);
  if (status != 0 || clock != CLOCK_REALTIME) return status;
  static const char* path = std::getenv("UPCYCLE_CLOCK_OFFSET");
  std::FILE* file = path == nullptr ? nullptr : std::fopen(path, "r");
  long offset = 0;
  if (file != nullptr) {
    if (std::fscanf(file, "%ld", &offset) != 1) offset = 0;
    std::fclose(file);
  }
  time->tv_sec += offset;
  return 0;
}
