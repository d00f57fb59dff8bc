#include "experiments/decoding/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"

namespace upcycle {
namespace {

using Logits = std::vector<float>;

// The share of each token among many positions.
std::vector<double> Shares(const SamplingSettings& settings, const Logits& logits) {
  constexpr int64_t kDraws = 40000;
  Sampler sampler(settings);
  std::vector<double> shares(logits.size());
  for (int64_t i = 0; i < kDraws; ++i) {
    shares[static_cast<size_t>(sampler.Next(logits, i))] += 1;
  }
  for (double& share : shares) share /= kDraws;
  return shares;
}

// By its definition: sorted, cut to k, cut to p, in probabilities that sum to 1.
std::vector<double> PlainShares(const SamplingSettings& settings, const Logits& logits) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  const auto top_k = static_cast<size_t>(settings.top_k);
  if (top_k > 0) order.resize(std::min(order.size(), top_k));
  std::vector<double> shares(logits.size());
  double total = 0;
  for (const size_t i : order) total += std::exp(logits[i] / settings.temperature);
  double kept = 0;
  for (const size_t i : order) {
    if (kept / total >= settings.top_p) break;
    shares[i] = std::exp(logits[i] / settings.temperature);
    kept += shares[i];
  }
  for (double& share : shares) share /= kept;
  return shares;
}

const Logits kLogits = {0.5f, -1.0f, 2.0f, 2.0f, 0.0f, -3.0f, 1.5f, -0.5f};

TEST(Sampler, TakesTheMostLikelyTokenAtTemperatureZero) {
  Sampler sampler({});
  EXPECT_EQ(sampler.Next(kLogits, 0), 2);  // of equals the first
  EXPECT_EQ(sampler.Next(Logits{-5.0f, -4.0f}, 7), 1);
}

TEST(Sampler, DrawsWithTheProbabilitiesThatItsSettingsLeave) {
  for (const SamplingSettings& settings :
       {SamplingSettings{.temperature = 1}, SamplingSettings{.temperature = 0.5},
        SamplingSettings{.temperature = 2, .top_k = 3},
        SamplingSettings{.temperature = 1, .top_p = 0.8},
        SamplingSettings{.temperature = 1, .top_p = 0.01},
        SamplingSettings{.temperature = 1.5, .top_k = 5, .top_p = 0.6},
        SamplingSettings{.temperature = 1, .top_k = 100}}) {
    const auto expected = PlainShares(settings, kLogits), found = Shares(settings, kLogits);
    for (size_t i = 0; i < expected.size(); ++i) {
      // Five standard deviations of a share of 40,000 draws.
      const double bound = 5 * std::sqrt(expected[i] * (1 - expected[i]) / 40000);
      EXPECT_NEAR(found[i], expected[i], bound)
          << "token " << i << ", temperature " << settings.temperature << ", top-k "
          << settings.top_k << ", top-p " << settings.top_p;
    }
  }
}

TEST(Sampler, IsAFunctionOfSeedAndPosition) {
  const auto draw = [](uint64_t seed, bool backwards) {
    Sampler sampler({.temperature = 1, .seed = seed});
    std::vector<int32_t> tokens(100);
    for (int64_t i = 0; i < 100; ++i) {
      const int64_t position = backwards ? 99 - i : i;
      tokens[static_cast<size_t>(position)] = sampler.Next(kLogits, position);
    }
    return tokens;
  };
  EXPECT_EQ(draw(1, false), draw(1, true));
  EXPECT_NE(draw(1, false), draw(2, false));
}

TEST(Sampler, NeverDrawsWhatIsImpossible) {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  Sampler sampler({.temperature = 3});
  for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ(sampler.Next(Logits{kNever, 1, kNever}, i), 1);
}

TEST(Sampler, RefusesLogitsThatAreNone) {
  for (const double temperature : {0.0, 1.0}) {
    Sampler sampler({.temperature = temperature});
    EXPECT_THROW(sampler.Next(Logits{1, NAN}, 0), Error);
    EXPECT_THROW(sampler.Next(Logits{1, HUGE_VALF}, 0), Error);
    EXPECT_THROW(sampler.Next(Logits{-HUGE_VALF}, 0), Error);
  }
}

TEST(Sampler, RefusesSettingsThatMeanNothing) {
  EXPECT_THROW(Sampler({.temperature = -1}), Error);
  EXPECT_THROW(Sampler({.temperature = NAN}), Error);
  EXPECT_THROW(Sampler({.top_k = -1}), Error);
  EXPECT_THROW(Sampler({.top_p = 0}), Error);
  EXPECT_THROW(Sampler({.top_p = 1.1}), Error);
}

}  // namespace
}  // namespace upcycle
