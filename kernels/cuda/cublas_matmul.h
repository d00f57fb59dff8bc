// Row-major matrix products by cublasLt, accumulated in float32 and without TF32.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>

#include <cuda_runtime.h>

#include "kernels/backend.h"
#include "kernels/cuda/cublas_lt.h"
#include "kernels/cuda/workspace.h"

namespace upcycle {

class CublasMatMul {
 public:
  // Loads cublasLt. Throws Error(kDevice) where it is not to be found.
  CublasMatMul();
  ~CublasMatMul();
  CublasMatMul(const CublasMatMul&) = delete;
  CublasMatMul& operator=(const CublasMatMul&) = delete;

  // out [M, N] (+)= op(a) · op(b), or for three tensors of rank 3 a batch of such products, one for
  // each entry of their first dimension. The workspace is `stream`'s own. Which of cublasLt's
  // algorithms computes a product is asked once for each combination of shapes, types, transposes
  // and alignments, and is the first that it puts forward and the workspace is enough for: no
  // timing, so equal runs choose equally.
  void Multiply(Tensor out, ConstTensor a, Transpose transpose_a, ConstTensor b,
                Transpose transpose_b, Accumulate accumulate, cudaStream_t stream,
                const ProductWorkspace& workspace);

 private:
  // What a plan depends on: the number of products, their rows, columns and inner dimension, flags,
  // alignments.
  using Key = std::tuple<int64_t, int64_t, int64_t, int64_t, int, int, int, int>;
  struct Plan {
    const CublasLt& lt;
    cublasLtMatmulDesc_t product = nullptr;
    cublasLtMatrixLayout_t a = nullptr;
    cublasLtMatrixLayout_t b = nullptr;
    cublasLtMatrixLayout_t out = nullptr;
    cublasLtMatmulAlgo_t algorithm = {};

    Plan(const CublasLt& library, const Tensor& out_matrix, const ConstTensor& a_matrix,
         bool flip_a, const ConstTensor& b_matrix, bool flip_b);
    ~Plan();
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
  };

  const Plan& PlanOf(const Tensor& out, const ConstTensor& a, bool flip_a, const ConstTensor& b,
                     bool flip_b);
  void ChooseAlgorithm(Plan& plan, const Tensor& out, const ConstTensor& a, const ConstTensor& b);

  const CublasLt& lt_;
  cublasLtHandle_t handle_ = nullptr;
  std::map<Key, std::unique_ptr<Plan>> plans_;
};

}  // namespace upcycle
