#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/reduce.h"

namespace upcycle {
namespace {

struct Value {
  const float* x;
  __device__ double operator()(int64_t i) const { return x[i]; }
};

struct Square {
  const float* x;
  __device__ double operator()(int64_t i) const {
    const double value = x[i];
    return value * value;
  }
};

struct Root {
  __device__ double operator()(double sum) const { return sqrt(sum); }
};

}  // namespace

void CudaBackend::DoSum(Tensor total, ConstTensor x) {
  Reduce(total.floats(), Value{x.floats()}, Scaled{1}, x.size(), scratch_, stream_);
}

void CudaBackend::DoGradientNorm(Tensor norm, ConstTensor gradient) {
  Reduce(norm.floats(), Square{gradient.floats()}, Root(), gradient.size(), scratch_, stream_);
}

void CudaBackend::DoRouterZLoss(Tensor loss, ConstTensor log_sum_exp, double factor) {
  Reduce(loss.floats(), Square{log_sum_exp.floats()}, Scaled{factor}, log_sum_exp.size(), scratch_,
         stream_);
}

}  // namespace upcycle
