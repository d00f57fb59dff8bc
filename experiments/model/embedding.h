// What enters the first layer: each token's row of a table, scaled as the family has it, and where
// positions are learned that of its position.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "experiments/model/architecture.h"
#include "experiments/model/parameters.h"
#include "kernels/backend.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

class Embedding {
 public:
  Embedding(const Architecture& architecture, ModelParameters& parameters);

  void Plan(BufferPlan& plan, const ModelBuild& build);

  // [V, D]
  const Weight& table() const { return table_; }

  // For sequences of this length from here on, whose documents begin at `starts` [n]; empty: each
  // is one document.
  void CopyPositions(Backend& backend, int64_t length, std::span<const int32_t> starts);

  // out [n, D] of tokens [n] int32; `between` [n, D] is overwritten.
  void Forward(Backend& backend, Tensor out, Tensor between, ConstTensor tokens);
  // d_out [n, D] is used up.
  void Backward(Backend& backend, Tensor d_out, ConstTensor tokens);

 private:
  double scale_;
  bool learned_positions_;
  int64_t most_positions_;
  Weight table_;
  Weight position_table_;  // [sequence_length, D]
  Tensor positions_;       // [n] int32 in their sequences
  std::vector<int32_t> host_positions_;
  int64_t positions_length_ = 0;  // of the sequences without documents that they hold for
};

}  // namespace upcycle
