#include "experiments/decoding/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/check.h"
#include "core/error.h"
#include "core/random.h"

namespace upcycle {
namespace {

void Require(bool holds, const char* message) {
  if (!holds) throw Error(Cause::kInput, message);
}

int32_t Largest(std::span<const float> logits) {
  size_t best = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i])) {
      throw Error(Cause::kDiverged, "a logit of the model is no number: its weights are damaged");
    }
    if (logits[i] > logits[best]) best = i;
  }
  if (!std::isfinite(logits[best])) {
    throw Error(Cause::kDiverged, "the model's largest logit is infinite: its weights are damaged");
  }
  return static_cast<int32_t>(best);
}

}  // namespace

Sampler::Sampler(const SamplingSettings& settings) : settings_(settings) {
  Require(std::isfinite(settings.temperature) && settings.temperature >= 0,
          "a temperature is a number of at least 0");
  Require(settings.top_k >= 0, "top-k counts tokens: at least 1, or 0 for all");
  Require(settings.top_p > 0 && settings.top_p <= 1, "top-p is a share: over 0, at most 1");
}

void Sampler::Choose(std::span<const float> logits) {
  order_.resize(logits.size());
  std::iota(order_.begin(), order_.end(), 0);
  const auto before = [&](int32_t a, int32_t b) {
    const float left = logits[static_cast<size_t>(a)], right = logits[static_cast<size_t>(b)];
    return left != right ? left > right : a < b;
  };
  const auto all = static_cast<int64_t>(order_.size());
  const int64_t kept = settings_.top_k == 0 ? all : std::min(settings_.top_k, all);
  if (kept < all) std::nth_element(order_.begin(), order_.begin() + kept, order_.end(), before);
  order_.resize(static_cast<size_t>(kept));
  if (kept < all || settings_.top_p < 1) std::ranges::sort(order_, before);
}

double Sampler::Weigh(std::span<const float> logits) {
  const double largest = logits[static_cast<size_t>(Largest(logits))];
  double total = 0;
  weights_.clear();
  for (const int32_t token : order_) {
    const double logit = logits[static_cast<size_t>(token)];
    weights_.push_back(std::exp((logit - largest) / settings_.temperature));
    total += weights_.back();
  }
  if (settings_.top_p == 1) return total;
  double sum = 0;
  size_t kept = 0;
  while (kept < weights_.size() && (kept == 0 || sum < settings_.top_p * total)) {
    sum += weights_[kept++];
  }
  weights_.resize(kept);
  return sum;
}

int32_t Sampler::Next(std::span<const float> logits, int64_t position) {
  UPCYCLE_CHECK(!logits.empty() && position >= 0);
  if (settings_.temperature == 0) return Largest(logits);
  Choose(logits);
  const double total = Weigh(logits);
  const RandomStream stream(settings_.seed, "decoding/next_token");
  double rest = stream.Uniform(static_cast<uint64_t>(position)) * total;
  size_t last = 0;
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i] == 0) continue;
    last = i;
    rest -= weights_[i];
    if (rest < 0) break;
  }
  return order_[last];
}

}  // namespace upcycle
