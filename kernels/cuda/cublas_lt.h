// The functions of cublasLt that products use, as found in the library at run time: linked, it
// would cost every start of the program a tenth of a second and 200 MiB, and machines without CUDA
// could not start it.
#pragma once

#include <cublasLt.h>

#include "kernels/gpus.h"

namespace upcycle {

// Their types are those of cublasLt's own header.
struct CublasLt {
  decltype(&cublasLtGetVersion) get_version;
  decltype(&cublasLtCreate) create;
  decltype(&cublasLtDestroy) destroy;
  decltype(&cublasLtMatmulDescCreate) product_create;
  decltype(&cublasLtMatmulDescDestroy) product_destroy;
  decltype(&cublasLtMatmulDescSetAttribute) product_set;
  decltype(&cublasLtMatrixLayoutCreate) layout_create;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy;
  decltype(&cublasLtMatrixLayoutSetAttribute) layout_set;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set;
  decltype(&cublasLtMatmulAlgoGetHeuristic) choose;
  decltype(&cublasLtMatmul) multiply;
};

// Loads the library at the first call, whichever thread makes it. Throws Error(kDevice) where there
// is none, and says where it was looked for and how to get it.
const CublasLt& LoadCublasLt();

// The same for people: does not throw.
GpuLibrary SurveyCublasLt();

}  // namespace upcycle
