// How fast matrix products are by themselves: the yardstick of a GPU, and an expert layer's
// products held against it.
#pragma once

#include <cstdint>

#include "experiments/model/architecture.h"
#include "kernels/backend.h"

namespace upcycle {

// FLOP/s of products [size, size] · [size, size]ᵀ of random numbers in the activation type.
double MeasureMatMulRate(Backend& backend, int64_t size, double seconds);

struct ExpertProductRates {
  ExpertPath path = ExpertPath::kGrouped;
  int64_t rows = 0;         // that are served
  double padded_share = 0;  // of the rows computed, those that nobody needs
  double expert_flops = 0;  // per second, all rows computed
  double matmul_flops = 0;  // of MatMul, with as many rows and one expert's matrices

  double Share() const { return matmul_flops > 0 ? expert_flops / matmul_flops : 0; }
};

// The six products of one expert layer's training step (up and down; forward, backward to the rows
// and to the weights) for `tokens` tokens that choose experts evenly, on the path that their sizes
// ask for; and the same six as products of one matrix.
ExpertProductRates MeasureExpertProducts(Backend& backend, const Architecture& architecture,
                                         int64_t tokens, double seconds);

}  // namespace upcycle
