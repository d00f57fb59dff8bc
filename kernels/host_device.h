// The mark of a function that both the CPU's and the GPU's bodies call.
#pragma once

#ifdef __CUDACC__
#define UPCYCLE_HOST_DEVICE __host__ __device__
#else
#define UPCYCLE_HOST_DEVICE
#endif
