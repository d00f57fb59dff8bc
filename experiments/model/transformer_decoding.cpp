// What a decoder asks of a transformer: forward passes behind a cache, and logits of single tokens.
#include <algorithm>
#include <vector>

#include "core/bfloat16.h"
#include "core/check.h"
#include "experiments/model/transformer.h"

namespace upcycle {

void Transformer::ForwardCached(const TokenBatch& batch, const CachedBatch& cached,
                                const CachedPositions& positions) {
  const int64_t n = batch.size();
  UPCYCLE_CHECK(n > 0 && n <= tokens_.dim(0));
  UPCYCLE_CHECK_EQ(cached.layers.size(), layers_.size());
  backend_->CopyFromHost(tokens_.Slice(0, n), ConstTensor(batch.tokens, {n}));
  embedding_.CopyPositions(*backend_, batch.length, positions.host_starts);
  ForwardLayers(batch, {.rope = positions.rope, .starts = positions.starts, .cached = &cached},
                EvaluationRules(batch, CapacityFactor()));
}

void Transformer::LogitsOf(int64_t row, std::span<float> logits) {
  const Tensor chunk = LogitsOfRows(normed_.Slice(row, 1));
  UPCYCLE_CHECK_EQ(static_cast<int64_t>(logits.size()), chunk.size());
  if (chunk.type() == DataType::kFloat32) {
    return backend_->CopyToHost(Tensor(logits.data(), chunk.shape()), chunk);
  }
  std::vector<BFloat16> narrow(logits.size());
  backend_->CopyToHost(Tensor(narrow.data(), chunk.type(), chunk.shape()), chunk);
  std::transform(narrow.begin(), narrow.end(), logits.begin(), FloatOf);
}

void Transformer::Score(std::span<const int32_t> rows, std::span<const int32_t> targets,
                        std::span<float> losses, std::span<int32_t> likeliest) {
  const auto n = static_cast<int64_t>(rows.size());
  if (n == 0) return;
  UPCYCLE_CHECK(n <= tokens_.dim(0) && targets.size() == rows.size());
  UPCYCLE_CHECK(losses.size() == rows.size() && likeliest.size() == rows.size());
  // The batch's own tokens are not needed any more, nor what left the last layer.
  const Tensor numbers = tokens_.Slice(0, n), normed = last_.Slice(0, n);
  backend_->CopyFromHost(numbers, ConstTensor(rows.data(), {n}));
  backend_->CopyFromHost(targets_.Slice(0, n), ConstTensor(targets.data(), {n}));
  backend_->EmbeddingForward(normed, normed_, numbers);
  for (int64_t begin = 0; begin < n; begin += build_.HeadRows()) {
    const int64_t count = std::min(build_.HeadRows(), n - begin);
    const Tensor logits = LogitsOfRows(normed.Slice(begin, count));
    backend_->CrossEntropyForward(losses_.Slice(begin, count), logits,
                                  targets_.Slice(begin, count));
    backend_->ArgMax(numbers.Slice(begin, count), logits);
  }
  backend_->CopyToHost(Tensor(losses.data(), {n}), losses_.Slice(0, n));
  backend_->CopyToHost(Tensor(likeliest.data(), {n}), numbers);
}

}  // namespace upcycle
