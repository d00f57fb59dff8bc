// The models whose training steps a GPU is measured with, and what their figures are held against.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/train_settings.h"
#include "experiments/model/architecture.h"

namespace upcycle {

struct BenchmarkModel {
  std::string name;  // "Llama-3-8B layers E8T2, capacity 1"
  Architecture architecture;
  int64_t sequences = 1;  // of a batch
};

// Two layers of Llama-3-8B at sequence 8192 (with 4096 rows of vocabulary, so that the layers are
// what is measured): dense, E8T2 at capacity factors 1, 2, 4 and dropless, and E8G8T8 with its 64
// narrow experts; a dense model of 0.5B parameters (the shape of Qwen2.5-0.5B, Yang et al. 2024)
// and its E8T2; and the small models of the quickstart recipe.
std::vector<BenchmarkModel> GpuBenchmarkModels();

// The dense rate of products in bfloat16 that NVIDIA states for a GPU, in FLOP/s; 0 for one that is
// not known here. With sparsity data sheets say twice as much; no product of ours is sparse.
double PeakBFloat16Flops(std::string_view gpu_name);

}  // namespace upcycle
