// Losses on held-out text.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "core/data/dataset.h"
#include "experiments/model/transformer.h"

namespace upcycle {

// Losses summed over windows of one or several held-out sets.
struct LossSum {
  double nats = 0;
  int64_t targets = 0;
  double bytes = 0;  // of the text that the targets stand for; NaN where that is not known
  // Over the means of windows, for the standard error.
  int64_t windows = 0;
  double window_means = 0;
  double window_squares = 0;

  void Add(const LossSum& other);
  double Mean() const { return nats / static_cast<double>(targets); }  // nats a token
  double Perplexity() const;
  bool KnowsBytes() const { return !std::isnan(bytes); }
  double BitsPerByte() const;
  double StandardError() const;  // of the mean, taking windows as independent
};

class Validator {
 public:
  // Batches of at most `sequences` windows of the model's sequence length. Documents are masked
  // where the model's build does so.
  Validator(Transformer& model, const Dataset& dataset, int64_t sequences,
            CapacityFactor capacity_factor);

  // The loss on one held-out set: of all its windows, or of `windows` of them spread evenly.
  LossSum Loss(const TokenSet& set, int64_t windows);

 private:
  void AddBatch(const TokenBatch& batch, LossSum& sum);

  Transformer& model_;
  int32_t end_of_text_;
  int64_t sequences_;
  CapacityFactor capacity_factor_;
  std::vector<int32_t> tokens_, targets_, starts_;  // no starts where documents are not masked
  std::vector<float> losses_;
};

}  // namespace upcycle
