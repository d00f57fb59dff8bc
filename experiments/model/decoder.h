// Sequences that grow, with the keys and values of all their tokens kept: what a new token costs
// does not grow with what is before it, but for attention.
//
// A slot holds one sequence. Tokens are appended to several slots at once, in a batch [B, L] padded
// to the right; logits and losses are then asked for by place in that batch, until the next Extend.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "experiments/model/transformer.h"
#include "kernels/buffer_plan.h"

namespace upcycle {

class Decoder {
 public:
  // `slots` sequences of up to `capacity` tokens. The model must outlive it and be used by nobody
  // else between an Extend and what is asked of it. Throws Error(kInput) for a capacity beyond the
  // model's sequences, which no position stands for, and for experts that choose their tokens, as
  // they choose among those of a whole text; Error(kMemory), with sizes, if the backend cannot hold
  // the cache.
  Decoder(Transformer& model, int64_t slots, int64_t capacity);

  // Bytes of the keys and values alone.
  static int64_t CacheBytes(const Architecture& architecture, DataType type, int64_t slots,
                            int64_t capacity);

  int64_t slots() const { return static_cast<int64_t>(lengths_.size()); }
  int64_t capacity() const { return capacity_; }
  int64_t vocabulary() const { return model_.architecture().vocabulary; }
  // Tokens that a batch may have, padding included.
  int64_t most_tokens() const { return model_.build().limits.tokens(); }
  // Tokens of a slot.
  int64_t Length(int64_t slot) const { return lengths_.at(static_cast<size_t>(slot)); }

  // Appends the first lengths[b] of the tokens [B, L] in row b to slots[b], which differ; L is
  // at most the capacity. Throws Error(kInput) where one would be longer than the capacity, and
  // changes nothing then.
  void Extend(std::span<const int32_t> slots, std::span<const int32_t> tokens,
              std::span<const int32_t> lengths);
  // `to` becomes the first `length` tokens of `from`.
  void Copy(int64_t from, int64_t to, int64_t length);
  // A slot keeps its first `length` tokens.
  void Truncate(int64_t slot, int64_t length);

  // Of the last Extend: the logits [V] behind token `token` of row `b`, or behind its last.
  void Logits(int64_t b, int64_t token, std::span<float> logits);
  void LastLogits(int64_t b, std::span<float> logits);

  // What the model says of a token at one place further on.
  struct Target {
    int64_t b = 0;
    int64_t token = 0;  // in row b, that it follows
    int32_t target = 0;
  };
  struct Score {
    float loss = 0;            // in nats
    bool most_likely = false;  // no token has a larger logit, and of equals none comes first
  };
  std::vector<Score> ScoresOf(std::span<const Target> targets);

 private:
  void Plan(int64_t slots);
  void CheckExtend(std::span<const int32_t> slots, std::span<const int32_t> tokens,
                   std::span<const int32_t> lengths) const;
  // Copies to the backend where the batch's sequences go on.
  void CopyPlaces(std::span<const int32_t> slots, std::span<const int32_t> lengths, int64_t length);
  void CopyStarts(std::span<const int32_t> lengths, int64_t length);
  int64_t RowOf(int64_t b, int64_t token) const;

  Transformer& model_;
  int64_t capacity_;
  std::vector<int64_t> lengths_;  // of each slot

  BufferPlan plan_;
  std::unique_ptr<BufferPlan::Block> block_;
  std::vector<Tensor> layers_;  // [S, C, 2·K·W]
  RopeTables rope_;             // [C, R/2]; empty where positions are learned
  Tensor slots_, past_, new_;   // [S] int32
  Tensor starts_;               // [n] int32

  // Of the last Extend.
  int64_t batch_length_ = 0;    // L
  std::vector<int32_t> added_;  // [B]
  std::vector<int32_t> host_past_;
  std::vector<int32_t> host_starts_;
  bool has_past_ = false;
};

}  // namespace upcycle
