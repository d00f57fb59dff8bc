#include "core/recipe/size_relations.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/recipe/cost.h"

namespace upcycle {
namespace {

// Each expert has matrices with names of their own, in plans as in checkpoints.
constexpr double kMostExperts = 1 << 20;
// Far above every model there is, and far below where sums of bytes would leave int64_t.
constexpr double kMostParameters = 1e14;
constexpr double kMostActivationBytes = 1e17;

class SizeRelations {
 public:
  SizeRelations(const RunSettings& settings, std::vector<Violation>& violations)
      : s_(settings), violations_(violations) {}

  void Find() {
    CheckExperts();
    CheckParameters();
    CheckActivations(s_.train, s_.HasExperts(), "train");
    if (s_.TrainsParent()) CheckActivations(s_.parent.train, false, "parent.train");
  }

 private:
  void Error(std::vector<std::string> paths, std::string message, std::string expected) {
    violations_.push_back(
        {Severity::kError, std::move(paths), std::move(message), std::move(expected)});
  }

  void CheckExperts() {
    if (!s_.HasExperts()) return;
    double layers = 0;
    for (int64_t layer = 0; layer < s_.model.layers; ++layer)
      layers += s_.moe.layers.Contains(layer);
    const double experts = layers * static_cast<double>(s_.moe.Experts());
    if (experts <= kMostExperts) return;
    Error({"moe.granularity", "moe.expansion", "moe.layers", "model.layers"},
          fmt::format("{} layers of {} experts are {:.3g} experts in all", layers, s_.moe.Experts(),
                      experts),
          fmt::format("moe.expansion · moe.granularity over all layers to be at most {}",
                      kMostExperts));
  }

  void CheckParameters() {
    const auto parameters = static_cast<double>(CostOf(s_).parameters.Total());
    if (parameters <= kMostParameters) return;
    Error({"model.width", "model.ffn_width", "model.layers", "moe.expansion"},
          fmt::format("a model of {:.3g} parameters", parameters),
          fmt::format("at most {:.3g}", kMostParameters));
  }

  // Numbers of a token that each layer may keep, counted generously.
  double KeptNumbers(bool has_experts) const {
    const ModelSettings& m = s_.model;
    const auto width = static_cast<double>(m.width), hidden = static_cast<double>(m.ffn_width);
    const double attention =
        4 * width + static_cast<double>((2 * m.heads + 2 * m.KvHeads()) * m.HeadWidth());
    if (!has_experts) return attention + 2 * width + 3 * hidden;
    const MoeSettings& moe = s_.moe;
    const auto experts = static_cast<double>(moe.Experts());
    const double rows =
        std::min(experts, static_cast<double>(moe.top_k) *
                              std::max(1.0, moe.capacity_factor.factor.value_or(1.0)));
    const double row = 2 * width + 3 * hidden / static_cast<double>(moe.granularity);
    return attention + 4 * hidden + rows * row + 4 * experts +
           4 * static_cast<double>(moe.Assignments());
  }

  void CheckActivations(const TrainSettings& train, bool has_experts, const std::string& path) {
    const double tokens = static_cast<double>(train.MicroBatchSequences()) *
                          static_cast<double>(s_.model.sequence_length);
    const double bytes =
        4 * tokens * static_cast<double>(s_.model.layers) * KeptNumbers(has_experts);
    if (bytes <= kMostActivationBytes) return;
    Error({path + ".micro_batch_sequences", path + ".batch_sequences", "model.sequence_length"},
          fmt::format("a micro-batch of {:.3g} tokens keeps about {:.3g} bytes for its backward "
                      "pass",
                      tokens, bytes),
          fmt::format("a smaller {}.micro_batch_sequences", path));
  }

  const RunSettings& s_;
  std::vector<Violation>& violations_;
};

}  // namespace

void FindSizeViolations(const RunSettings& settings, std::vector<Violation>& violations) {
  SizeRelations(settings, violations).Find();
}

}  // namespace upcycle
