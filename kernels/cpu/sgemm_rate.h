// The machine's own rate of matrix multiplication: the yardstick for everything that trains on it.
#pragma once

namespace upcycle {

// The best of OpenBLAS's float32 products of large square matrices in GFLOP/s, with `threads`
// threads of its own, warm, repeated for about `seconds`. Not to be called while a backend works:
// both use OpenBLAS.
double MeasureSgemmGflops(int threads, double seconds);

// The same of one core, in the time that the thread had a core to itself: right on a machine that
// is busy with something else as well.
double MeasureCoreSgemmGflops(double seconds);

}  // namespace upcycle
