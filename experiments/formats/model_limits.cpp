#include "experiments/formats/model_limits.h"

#include <algorithm>
#include <cstdint>
#include <functional>

#include <fmt/format.h>

namespace upcycle {
namespace {

// Some times what the largest models of the field have.
constexpr int64_t kMostLayers = 1024;
constexpr int64_t kMostHeads = 4096;
constexpr int64_t kWidestHead = 4096;
constexpr int64_t kWidest = 1 << 17;
constexpr int64_t kWidestMlp = 1 << 20;
constexpr int64_t kLargestVocabulary = 1 << 24;
constexpr int64_t kLongestSequence = int64_t{1} << 31;
constexpr int64_t kMostExperts = 1 << 17;  // of all layers

std::string ReasonAgainstCounts(const Architecture& a) {
  const ModelSettings& m = a.model;
  struct Count {
    const char* what;
    int64_t count, least, most;
  };
  const Count counts[] = {
      {"layers", m.layers, 1, kMostLayers},
      {"heads", m.heads, 1, kMostHeads},
      {"key-value heads", m.kv_heads, 0, kMostHeads},
      {"numbers in a head", m.head_width, 0, kWidestHead},
      {"numbers in its width", m.width, 1, kWidest},
      {"hidden neurons", m.ffn_width, 1, kWidestMlp},
      {"rows of the vocabulary", a.vocabulary, 1, kLargestVocabulary},
      {"positions", m.sequence_length, 1, kLongestSequence},
  };
  for (const auto& [what, count, least, most] : counts) {
    if (count >= least && count <= most) continue;
    return fmt::format("it says {} {}, and models have {} to {}", count, what, least, most);
  }
  return "";
}

std::string ReasonAgainstHeads(const ModelSettings& m) {
  const bool is_cut = m.head_width == 0 && m.width % m.heads != 0;
  if (!is_cut && m.HeadWidth() % 2 == 0 && m.heads % m.KvHeads() == 0) return "";
  return fmt::format("{} heads of {} numbers and {} key-value heads in a width of {}", m.heads,
                     m.HeadWidth(), m.KvHeads(), m.width);
}

std::string ReasonAgainstScaling(const RopeScalingSettings& scaling) {
  if (scaling.kind == RopeScaling::kNone) return "";
  if (!(scaling.factor > 0)) {
    return fmt::format("its rotary positions are scaled by {:g}, and it must be above 0",
                       scaling.factor);
  }
  if (scaling.kind == RopeScaling::kLinear) return "";
  const double low = scaling.low_frequency_factor, high = scaling.high_frequency_factor;
  const bool is_sound = low > 0 && high > low && scaling.original_length >= 1;
  return is_sound ? ""
                  : fmt::format(
                        "its rotary positions are scaled from {:g} to {:g} waves in {}, "
                        "and these must rise from above 0",
                        low, high, scaling.original_length);
}

std::string ReasonAgainstPositions(const ModelSettings& m) {
  if (!(m.norm_epsilon > 0)) {
    return fmt::format("its norms' epsilon is {:g}, and must be above 0", m.norm_epsilon);
  }
  if (m.Traits().learned_positions) return "";
  if (!(m.rope_theta > 0)) {
    return fmt::format("its rotary base is {:g}, and must be above 0", m.rope_theta);
  }
  if (!(m.rotary_share > 0 && m.rotary_share <= 1) || m.RotaryWidth() < 2) {
    return fmt::format("a share of {:g} of each head is rotated, and it must leave a pair",
                       m.rotary_share);
  }
  return ReasonAgainstScaling(m.rope_scaling);
}

std::string ReasonAgainstExperts(const ModelSettings& m, const MoeSettings& moe) {
  const int64_t most = kMostExperts / m.layers;
  const bool is_counted = moe.expansion >= 1 && moe.granularity >= 1 && moe.expansion <= most &&
                          moe.granularity <= most && moe.Experts() <= most;
  if (!is_counted) {
    return fmt::format("it says {} · {} experts in each of {} layers, and models have {} in all",
                       moe.expansion, moe.granularity, m.layers, kMostExperts);
  }
  if (m.ffn_width % moe.granularity != 0) {
    return fmt::format("an MLP of {} neurons cannot be cut into {} experts", m.ffn_width,
                       moe.granularity);
  }
  if (moe.top_k < 1 || moe.top_k > moe.Experts()) {
    return fmt::format("each token chooses {} of {} experts", moe.top_k, moe.Experts());
  }
  const auto& listed = moe.layers.layers;
  const bool is_rising =
      std::adjacent_find(listed.begin(), listed.end(), std::greater_equal<>()) == listed.end();
  const bool is_within = listed.empty() || (listed.front() >= 0 && listed.back() < m.layers);
  return is_rising && is_within ? "" : "its layers with experts are not listed in order";
}

}  // namespace

std::string ReasonAgainstSizes(const Architecture& architecture) {
  std::string reason = ReasonAgainstCounts(architecture);
  if (reason.empty()) reason = ReasonAgainstHeads(architecture.model);
  if (reason.empty()) reason = ReasonAgainstPositions(architecture.model);
  if (!reason.empty() || !architecture.has_experts) return reason;
  return ReasonAgainstExperts(architecture.model, architecture.moe);
}

}  // namespace upcycle
