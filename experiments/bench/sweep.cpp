#include "experiments/bench/sweep.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace upcycle {
namespace {

std::vector<double> EvenlyFrom(double first, double step, int64_t count) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(first + step * static_cast<double>(i));
  return values;
}

}  // namespace

std::string SweepRecipe(const SweepSize& size) {
  return fmt::format(R"(name: sweep
model: {{layers: 2, width: 64, heads: 4, ffn_width: 192, sequence_length: 128}}
data: {{tokenizer: bytes, train: [{{kind: atlas, people: 600}}]}}
parent: {{train: {{tokens: 6M, batch_sequences: 32}}}}
upcycle: copy
moe: {{expansion: 8, top_k: 2}}
train: {{tokens: 2500k, batch_sequences: 32}}
evaluate: {{sequences: 64, questions: 64}}
method: grid
parameters:
  train.learning_rate.peak: [{:.6g}]
  moe.capacity_factor: [{:.6g}]
seeds: {}
match: {{on: train_flops, tolerance: 1%}}
)",
                     fmt::join(EvenlyFrom(1e-3, 1e-5, size.rates), ", "),
                     fmt::join(EvenlyFrom(1, 0.0625, size.capacities), ", "), size.seeds);
}

}  // namespace upcycle
