// The host's stand-in for cuDNN's attention: plain sums in double over what AttentionLayoutOf
// describes, which is all that cuDNN is told.
#include "tests/kernels/cuda/cudnn_stand_in.h"

#include <cmath>
#include <vector>

#include "kernels/cuda/attention_layout.h"
#include "kernels/cuda/cudnn_attention.h"
#include "tests/kernels/cuda/cuda_bf16.h"
#include "tests/kernels/cuda/streams.h"

namespace upcycle {

namespace shim {
namespace {

int64_t calls = 0;

}  // namespace

int64_t CudnnCalls() { return calls; }

}  // namespace shim

namespace {

using Element = __nv_bfloat16;

// A tensor of heads in memory.
struct Heads {
  Element* memory;
  HeadsLayout layout;

  Heads(const ConstTensor& x, const HeadsLayout& described)
      : memory(static_cast<Element*>(const_cast<void*>(x.memory()))), layout(described) {}

  int64_t At(int64_t b, int64_t h, int64_t l, int64_t w) const {
    const auto& s = layout.strides;
    return layout.offset + b * s[0] + h * s[1] + l * s[2] + w * s[3];
  }
  double operator()(int64_t b, int64_t h, int64_t l, int64_t w) const {
    return __bfloat162float(memory[At(b, h, l, w)]);
  }
  void Store(int64_t b, int64_t h, int64_t l, int64_t w, double x) const {
    memory[At(b, h, l, w)] = __float2bfloat16_rn(static_cast<float>(x));
  }
};

// Of one sequence and one of its query heads.
struct OneHead {
  int64_t b, h, kv_head, width;
  double scale;
};

// Calls body for every head of every sequence.
template <typename Body>
void ForHeads(const Heads& query, const Heads& key, const Body& body) {
  const auto& sizes = query.layout.sizes;
  for (int64_t b = 0; b < sizes[0]; ++b) {
    for (int64_t h = 0; h < sizes[1]; ++h) {
      body(OneHead{b, h, h * key.layout.sizes[1] / sizes[1], sizes[3],
                   1 / std::sqrt(static_cast<double>(sizes[3]))});
    }
  }
}

// Σ_w x[l, w] · y[m, w] of a query head and its key head.
double Dot(const OneHead& one, const Heads& x, int64_t l, const Heads& y, int64_t m,
           int64_t y_head) {
  double sum = 0;
  for (int64_t w = 0; w < one.width; ++w) sum += x(one.b, one.h, l, w) * y(one.b, y_head, m, w);
  return sum;
}

void Attend(const OneHead& one, const Heads& query, const Heads& key, const Heads& value,
            const Heads& out, float* log_sum_exp) {
  const int64_t length = query.layout.sizes[2], heads = query.layout.sizes[1];
  for (int64_t l = 0; l < length; ++l) {
    std::vector<double> weights;
    double sum = 0;
    for (int64_t m = 0; m <= l; ++m) {
      weights.push_back(std::exp(one.scale * Dot(one, query, l, key, m, one.kv_head)));
      sum += weights.back();
    }
    log_sum_exp[(one.b * heads + one.h) * length + l] = static_cast<float>(std::log(sum));
    for (int64_t w = 0; w < one.width; ++w) {
      double x = 0;
      for (int64_t m = 0; m <= l; ++m) {
        x += weights[static_cast<size_t>(m)] / sum * value(one.b, one.kv_head, m, w);
      }
      out.Store(one.b, one.h, l, w, x);
    }
  }
}

struct Gradients {
  std::vector<double> query, key, value;  // [B, H or K, L, W]
};

struct BackwardInputs {
  Heads query, key, value, out, d_out;
  const float* log_sum_exp;
};

void AddGradients(Gradients& sums, const OneHead& one, const BackwardInputs& in) {
  const int64_t heads = in.query.layout.sizes[1], length = in.query.layout.sizes[2];
  const int64_t q_base = (one.b * heads + one.h) * length;
  const int64_t k_base = (one.b * in.key.layout.sizes[1] + one.kv_head) * length;
  for (int64_t l = 0; l < length; ++l) {
    const double delta = Dot(one, in.d_out, l, in.out, l, one.h);
    for (int64_t m = 0; m <= l; ++m) {
      const double score = one.scale * Dot(one, in.query, l, in.key, m, one.kv_head);
      const double weight = std::exp(score - static_cast<double>(in.log_sum_exp[q_base + l]));
      const double d_weight = Dot(one, in.d_out, l, in.value, m, one.kv_head);
      const double d_score = weight * (d_weight - delta) * one.scale;
      for (int64_t w = 0; w < one.width; ++w) {
        const auto at_query = static_cast<size_t>((q_base + l) * one.width + w);
        const auto at_key = static_cast<size_t>((k_base + m) * one.width + w);
        sums.query[at_query] += d_score * in.key(one.b, one.kv_head, m, w);
        sums.key[at_key] += d_score * in.query(one.b, one.h, l, w);
        sums.value[at_key] += weight * in.d_out(one.b, one.h, l, w);
      }
    }
  }
}

void Store(const Heads& to, const std::vector<double>& from) {
  const auto& sizes = to.layout.sizes;
  size_t i = 0;
  for (int64_t b = 0; b < sizes[0]; ++b) {
    for (int64_t h = 0; h < sizes[1]; ++h) {
      for (int64_t l = 0; l < sizes[2]; ++l) {
        for (int64_t w = 0; w < sizes[3]; ++w) to.Store(b, h, l, w, from[i++]);
      }
    }
  }
}

}  // namespace

class CudnnAttention::Plans {
 public:
  Plans(cudaStream_t stream, DeviceScratch& scratch) : stream_(stream), scratch_(scratch) {}

  bool Has(const AttentionShape& shape) const { return shape.heads > 1; }
  cudaError_t Give(shim::Work work) {
    ++shim::calls;
    // More than a backend's scratch memory has from the start.
    scratch_.Reserve(5 << 20);
    return shim::Give(stream_, std::move(work));
  }

 private:
  cudaStream_t stream_;
  DeviceScratch& scratch_;
};

std::string CudnnAttention::Version() { return "0.0.0"; }

CudnnAttention::CudnnAttention(cudaStream_t stream, DeviceScratch& scratch)
    : plans_(std::make_unique<Plans>(stream, scratch)) {}

CudnnAttention::~CudnnAttention() = default;

bool CudnnAttention::Forward(Tensor out, Tensor log_sum_exp, ConstTensor qkv,
                             const AttentionShape& shape) {
  if (!FitsCudnn(shape, {out, qkv}) || !plans_->Has(shape)) return false;
  const AttentionLayout layout = AttentionLayoutOf(shape);
  const Heads query(qkv, layout.query), key(qkv, layout.key), value(qkv, layout.value);
  const Heads result(out, layout.out);
  return plans_->Give([=, sums = log_sum_exp.floats()] {
    ForHeads(query, key, [&](const OneHead& one) { Attend(one, query, key, value, result, sums); });
    return cudaSuccess;
  }) == cudaSuccess;
}

bool CudnnAttention::Backward(Tensor d_qkv, ConstTensor d_out, ConstTensor out,
                              ConstTensor log_sum_exp, ConstTensor qkv,
                              const AttentionShape& shape) {
  if (!FitsCudnn(shape, {d_qkv, d_out, out, qkv}) || !plans_->Has(shape)) return false;
  const AttentionLayout layout = AttentionLayoutOf(shape);
  const BackwardInputs in = {Heads(qkv, layout.query), Heads(qkv, layout.key),
                             Heads(qkv, layout.value), Heads(out, layout.out),
                             Heads(d_out, layout.out), log_sum_exp.floats()};
  const Heads d_query(d_qkv, layout.query), d_key(d_qkv, layout.key), d_value(d_qkv, layout.value);
  const auto queries = static_cast<size_t>(shape.tokens() * shape.query_width());
  const auto keys = queries / static_cast<size_t>(shape.heads / shape.kv_heads);
  return plans_->Give([=] {
    Gradients sums = {std::vector<double>(queries), std::vector<double>(keys),
                      std::vector<double>(keys)};
    ForHeads(in.query, in.key, [&](const OneHead& one) { AddGradients(sums, one, in); });
    Store(d_query, sums.query);
    Store(d_key, sums.key);
    Store(d_value, sums.value);
    return cudaSuccess;
  }) == cudaSuccess;
}

GpuLibrary SurveyCudnn() {
  return {.name = "cuDNN", .works = true, .found = "host stand-in", .advice = ""};
}

}  // namespace upcycle
