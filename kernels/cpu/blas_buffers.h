// The memory that OpenBLAS keeps for itself, a buffer for each thread that computes a product.
#pragma once

namespace upcycle {

// Lets OpenBLAS take the buffers of this many threads now. By itself it takes one when a product
// first needs it, and where the system grants none it asks again for ever (blas_memory_alloc of
// 0.3.21), so that a process without memory would neither fail nor go on. Throws Error(kMemory)
// where they are not to be had.
void TakeBlasBuffers(int threads);

}  // namespace upcycle
