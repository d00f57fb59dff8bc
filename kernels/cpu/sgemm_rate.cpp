#include "kernels/cpu/sgemm_rate.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

#include <cblas.h>

#include "core/check.h"
#include "core/random.h"
#include "kernels/cpu/blas_buffers.h"

namespace upcycle {
namespace {

constexpr int kSize = 2048;

// Random numbers: products of zeros would run at another clock.
std::vector<float> RandomMatrix(const char* name) {
  const RandomStream stream(0, name);
  std::vector<float> matrix(static_cast<size_t>(kSize) * kSize);
  for (size_t i = 0; i < matrix.size(); ++i)
    matrix[i] = static_cast<float>(stream.Uniform(i) - 0.5);
  return matrix;
}

// OpenBLAS's own threads, for a while.
class BlasThreads {
 public:
  explicit BlasThreads(int threads) { openblas_set_num_threads(threads); }
  ~BlasThreads() { openblas_set_num_threads(1); }
  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;
};

using Seconds = double (*)();

double WallSeconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

double ThreadSeconds() {
  timespec time;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double MeasureGflops(int threads, double seconds, Seconds now) {
  UPCYCLE_CHECK(threads >= 1 && seconds > 0);
  const std::vector<float> a = RandomMatrix("sgemm_rate/a"), b = RandomMatrix("sgemm_rate/b");
  std::vector<float> c(a.size());
  TakeBlasBuffers(threads + 1);  // OpenBLAS's own threads, and the one that asks them
  const BlasThreads blas_threads(threads);
  double best_seconds = 1e30, total_seconds = 0;
  // The first products warm up caches, pages and the clock.
  for (int repeat = 0; repeat < 3 || total_seconds < seconds; ++repeat) {
    const double begin = now();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, kSize, kSize, kSize, 1.0f, a.data(),
                kSize, b.data(), kSize, 0.0f, c.data(), kSize);
    const double elapsed = now() - begin;
    best_seconds = std::min(best_seconds, elapsed);
    total_seconds += elapsed;
  }
  return 2.0 * kSize * kSize * kSize / best_seconds * 1e-9;
}

}  // namespace

double MeasureSgemmGflops(int threads, double seconds) {
  return MeasureGflops(threads, seconds, WallSeconds);
}

double MeasureCoreSgemmGflops(double seconds) { return MeasureGflops(1, seconds, ThreadSeconds); }

}  // namespace upcycle
