#include "experiments/run/validation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/data/batches.h"
#include "core/data/document_starts.h"

namespace upcycle {

void LossSum::Add(const LossSum& other) {
  nats += other.nats;
  targets += other.targets;
  bytes += other.bytes;
  windows += other.windows;
  window_means += other.window_means;
  window_squares += other.window_squares;
}

double LossSum::Perplexity() const { return std::exp(Mean()); }

double LossSum::BitsPerByte() const { return nats / (std::numbers::ln2 * bytes); }

double LossSum::StandardError() const {
  if (windows < 2) return 0;
  const double n = static_cast<double>(windows);
  const double variance = (window_squares - window_means * window_means / n) / (n - 1);
  return std::sqrt(std::max(0.0, variance) / n);
}

Validator::Validator(Transformer& model, const Dataset& dataset, int64_t sequences,
                     CapacityFactor capacity_factor)
    : model_(model),
      end_of_text_(dataset.tokenizer->EndOfText()),
      sequences_(sequences),
      capacity_factor_(capacity_factor) {
  const auto size = static_cast<size_t>(sequences * model.architecture().model.sequence_length);
  tokens_.resize(size);
  targets_.resize(size);
  losses_.resize(size);
  if (model.masks_documents()) starts_.resize(size);
}

LossSum Validator::Loss(const TokenSet& set, int64_t windows) {
  const int64_t length = model_.architecture().model.sequence_length;
  const SequentialWindows text(*set.tokens, end_of_text_, length);
  const int64_t count = windows > 0 ? std::min(windows, text.count()) : text.count();
  LossSum sum;
  for (int64_t begin = 0; begin < count; begin += sequences_) {
    const int64_t batch = std::min(sequences_, count - begin);
    for (int64_t i = 0; i < batch; ++i) {
      const auto place = [&](std::vector<int32_t>& buffer) {
        return std::span(buffer).subspan(static_cast<size_t>(i * length),
                                         static_cast<size_t>(length));
      };
      text.Fill((begin + i) * text.count() / count, 1, place(tokens_), place(targets_));
    }
    TokenBatch windows_of_text = {tokens_.data(), targets_.data(), batch, length};
    if (!starts_.empty()) {
      FindDocumentStarts(tokens_, length, end_of_text_, starts_);
      windows_of_text.starts = starts_.data();
    }
    AddBatch(windows_of_text, sum);
  }
  const int64_t bytes = set.tokens->text_bytes();
  sum.bytes = bytes == 0 ? std::numeric_limits<double>::quiet_NaN()
                         : static_cast<double>(bytes) * static_cast<double>(sum.targets) /
                               static_cast<double>(text.targets());
  return sum;
}

void Validator::AddBatch(const TokenBatch& batch, LossSum& sum) {
  model_.Evaluate(batch, capacity_factor_, losses_.data());
  for (int64_t window = 0; window < batch.sequences; ++window) {
    double nats = 0;
    int64_t targets = 0;
    for (int64_t i = window * batch.length; i < (window + 1) * batch.length; ++i) {
      if (batch.targets[i] < 0) continue;
      nats += losses_[static_cast<size_t>(i)];
      ++targets;
    }
    if (targets == 0) continue;
    const double mean = nats / static_cast<double>(targets);
    sum.nats += nats;
    sum.targets += targets;
    ++sum.windows;
    sum.window_means += mean;
    sum.window_squares += mean * mean;
  }
}

}  // namespace upcycle
