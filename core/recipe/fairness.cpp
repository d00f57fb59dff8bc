#include "core/recipe/fairness.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/recipe/cost.h"
#include "core/recipe/drafts.h"
#include "core/recipe/effective.h"
#include "core/recipe/factors.h"

namespace upcycle {
namespace {

// "a", "a and b", "a, b and c".
std::string InWords(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

double TokensOf(const RunSettings& settings) {
  return static_cast<double>(TrainTokens(settings.train, settings.model));
}

// What moves the best learning rate and differs between the arms; empty: nothing does.
std::vector<std::string> RateMovers(const RunSettings& a, const RunSettings& b) {
  std::vector<std::string> names;
  const auto add = [&](bool differs, const char* name) {
    if (differs) names.emplace_back(name);
  };
  add(a.HasExperts() != b.HasExperts() || a.HasParent() != b.HasParent(), "upcycle.method");
  if (a.HasExperts() && b.HasExperts()) {
    add(a.moe.expansion != b.moe.expansion, "moe.expansion");
    add(a.moe.granularity != b.moe.granularity, "moe.granularity");
    add(a.moe.top_k != b.moe.top_k, "moe.top_k");
    add(a.moe.shared_expert != b.moe.shared_expert, "moe.shared_expert");
    add(a.moe.router.order != b.moe.router.order, "moe.router.order");
    add(a.moe.router.score != b.moe.router.score, "moe.router.score");
    add(a.upcycle.scaling != b.upcycle.scaling, "upcycle.scaling");
  }
  add(a.upcycle.optimizer != b.upcycle.optimizer, "upcycle.optimizer");
  add(a.train.batch_sequences != b.train.batch_sequences, "train.batch_sequences");
  add(a.train.batch_ramp != b.train.batch_ramp, "train.batch_ramp");
  return names;
}

class FairnessChecks {
 public:
  FairnessChecks(const std::vector<Candidate>& candidates, size_t reference, const RecipeFile& file,
                 const Reading& reading)
      : candidates_(candidates),
        reference_(candidates[reference]),
        file_(file),
        reading_(reading) {}

  void Check() const {
    if (!file_.allow.Has(Lint::kTwoFactors)) CheckFactors();
    if (!file_.allow.Has(Lint::kUnequalCompute)) CheckCompute();
    if (!file_.allow.Has(Lint::kUntunedRate)) CheckRate();
  }

 private:
  const std::string& reference() const { return reference_.arm.name; }

  void CheckFactors() const {
    const FactorFinder finder(reference_, file_.match.on);
    if (std::none_of(candidates_.begin(), candidates_.end(),
                     [&](const Candidate& c) { return finder.MayHaveSeveral(c); })) {
      return;
    }
    std::vector<Factors> factors;
    for (const Candidate& candidate : candidates_) factors.push_back(finder.Of(candidate));
    const std::vector<bool> isolated = AreIsolated(factors);
    std::map<std::vector<std::string>, std::vector<size_t>> arms_by_factors;
    for (size_t i = 0; i < factors.size(); ++i) {
      if (isolated[i]) continue;
      std::vector<std::string> names;
      for (const Factor& factor : factors[i]) names.push_back(factor.name);
      arms_by_factors[names].push_back(i);
    }
    for (const auto& [names, arms] : arms_by_factors) {
      WarnOfFactors(names, arms, factors[arms.front()]);
    }
  }

  void WarnOfFactors(const std::vector<std::string>& names, const std::vector<size_t>& arms,
                     const Factors& of_first) const {
    std::vector<std::string> arm_names, alone;
    for (const size_t i : arms) arm_names.push_back(candidates_[i].arm.name);
    for (const Factor& factor : of_first) {
      alone.push_back(fmt::format("{{{}: {}}}", factor.name, factor.value));
    }
    reading_.diagnostics.Warning(
        candidates_[arms.front()].draft.place,
        fmt::format("{} {} from \"{}\" in {} factors at once, {}, and no other arm tells which of "
                    "them makes the difference",
                    NameArms(arm_names), arms.size() == 1 ? "differs" : "differ", reference(),
                    names.size(), InWords(names)),
        fmt::format("arms that differ in one of them alone, such as {}; or allow: two_factors",
                    InWords(alone)));
  }

  void CheckCompute() const {
    const bool by_flops =
        file_.match.on == MatchOn::kTrainFlops || file_.match.on == MatchOn::kPaddedTrainFlops;
    if (by_flops) return;
    const double tokens = TokensOf(reference_.arm.settings);
    const double flops = CostOf(reference_.arm.settings).TrainFlops();
    const auto token_ratio = [&](const Candidate& candidate) {
      return TokensOf(candidate.arm.settings) / tokens;
    };
    const auto flops_ratio = [&](const Candidate& candidate) {
      return CostOf(candidate.arm.settings).TrainFlops() / flops;
    };
    if (file_.match.on == MatchOn::kNone) {
      if (const auto [arm, ratio] = Farthest(token_ratio); arm != nullptr) {
        return WarnOfCompute(*arm, fmt::format("unequal tokens: arm \"{}\" trains on {:.3g} times "
                                               "as many as \"{}\"",
                                               arm->arm.name, ratio, reference()));
      }
    }
    if (const auto [arm, ratio] = Farthest(flops_ratio); arm != nullptr) {
      WarnOfCompute(*arm, fmt::format("equal tokens and unequal training FLOPs: a token of arm "
                                      "\"{}\" takes {:.3g} times those of \"{}\"",
                                      arm->arm.name, ratio, reference()));
    }
  }

  // The arm whose ratio is farthest from 1, and the ratio; null if all are within the tolerance.
  template <typename Ratio>
  std::pair<const Candidate*, double> Farthest(const Ratio& ratio_of) const {
    std::pair<const Candidate*, double> farthest = {nullptr, 1};
    for (const Candidate& candidate : candidates_) {
      const double ratio = ratio_of(candidate);
      if (std::abs(std::log(ratio)) <= std::log1p(file_.match.tolerance)) continue;
      if (std::abs(std::log(ratio)) <= std::abs(std::log(farthest.second))) continue;
      farthest = {&candidate, ratio};
    }
    return farthest;
  }

  void WarnOfCompute(const Candidate& arm, const std::string& what) const {
    Place place = PlaceOfChange(arm, {"train.tokens"}).value_or(arm.draft.place);
    if (reading_.places.Has("match")) place = *reading_.places.Find("match");
    reading_.diagnostics.Warning(place, "arms are compared at " + what,
                                 "match: train_flops; or allow: unequal_compute");
  }

  void CheckRate() const {
    const double peak = reference_.arm.settings.train.learning_rate.peak;
    for (const Candidate& candidate : candidates_) {
      if (candidate.arm.settings.train.learning_rate.peak != peak) return;
    }
    const RunSettings reference = EffectiveSettings(reference_.arm.settings);
    for (const Candidate& candidate : candidates_) {
      const std::vector<std::string> movers =
          RateMovers(EffectiveSettings(candidate.arm.settings), reference);
      if (movers.empty()) continue;
      reading_.diagnostics.Warning(
          PlaceOfChange(candidate, movers).value_or(candidate.draft.place),
          fmt::format(
              "arms differ in {}, which move{} the best learning rate, and all train with a "
              "peak of {:g}: what one gains may be that it was tuned for",
              InWords(movers), movers.size() == 1 ? "s" : "", peak),
          "train.learning_rate.peak among the parameters; or, where it was tuned for each before, "
          "allow: untuned_rate");
      return;
    }
  }

  // Where the arm changes one of these settings.
  static std::optional<Place> PlaceOfChange(const Candidate& candidate,
                                            const std::vector<std::string>& paths) {
    for (size_t i = 0; i < candidate.arm.changes.size(); ++i) {
      const std::string& path = candidate.arm.changes[i].path;
      if (std::find(paths.begin(), paths.end(), path) == paths.end()) continue;
      return candidate.draft.changes[i]->path.place();
    }
    return std::nullopt;
  }

  const std::vector<Candidate>& candidates_;
  const Candidate& reference_;
  const RecipeFile& file_;
  const Reading& reading_;
};

}  // namespace

void CheckFairness(const std::vector<Candidate>& candidates, size_t baseline,
                   const RecipeFile& file, const Reading& reading) {
  if (reading.diagnostics.HasErrors() || candidates.size() < 2) return;
  size_t reference = baseline;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].arm.name == file.table.against) reference = i;
  }
  FairnessChecks(candidates, reference, file, reading).Check();
}

}  // namespace upcycle
