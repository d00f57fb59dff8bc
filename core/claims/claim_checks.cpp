#include "core/claims/claim_checks.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "core/recipe/metrics.h"
#include "core/setting_paths.h"
#include "core/spelling.h"

namespace upcycle {
namespace {

class ClaimChecks {
 public:
  ClaimChecks(const Claim& claim, const std::string& path, const Reading& reading)
      : claim_(claim), path_(path), reading_(reading) {}

  void Check() const {
    Require(claim_.id, "id", "a short name");
    Require(claim_.claim, "claim", "what the paper says, in a sentence");
    Require(claim_.study, "study", "the recipe that asks the same");
    const bool expects = Has("expect"), counts = Has("count");
    const bool misspelt = !expects && !counts && (IsWrong("expect") || IsWrong("count"));
    if (misspelt) return;
    if (expects == counts) {
      Error("",
            fmt::format("a claim with {} `expect` {} `count`", expects ? "both" : "neither",
                        expects ? "and" : "nor"),
            "one of them");
    } else if (expects) {
      CheckExpectation();
    } else {
      CheckCount();
    }
  }

 private:
  bool Has(const std::string& key) const { return reading_.places.Has(JoinPath(path_, key)); }
  bool IsWrong(const std::string& key) const {
    return reading_.places.IsAnyWrong(JoinPath(path_, key));
  }
  void Error(const std::string& key, std::string message, std::string expected) const {
    const std::string path = key.empty() ? path_ : JoinPath(path_, key);
    reading_.diagnostics.Error(*reading_.places.Find(path), std::move(message),
                               std::move(expected));
  }
  void Require(const std::string& value, const std::string& key, const char* expected) const {
    if (!value.empty() || IsWrong(key)) return;
    Error(key, fmt::format("a claim without {}", key), fmt::format("{}: {}", key, expected));
  }

  void CheckExpectation() const {
    const Expectation& expect = claim_.expect;
    if (IsWrong("expect")) return;
    Require(expect.arm, "expect.arm", "the arm that the claim is about");
    const bool is_best = Has("expect.best_of");
    if (is_best && (Has("expect.is") || Has("expect.than"))) {
      Error("expect.best_of", "best_of beside `is` or `than`", "one or the other");
    } else if (!is_best) {
      Require(expect.than, "expect.than", "the arm that it is compared with, or best_of: […]");
      if (!Has("expect.is")) Error("expect", "an expectation without `is`", "is: better, say");
    }
    CheckOthers(is_best ? expect.best_of : std::vector<std::string>{expect.than});
    const bool bound = IsBound(expect.is) && !is_best;
    if (bound && expect.within == 0) {
      Error("expect", fmt::format("{} within what?", NameOf(expect.is)),
            "within: a share of the other's value, such as 0.5%");
    } else if (!bound && Has("expect.within")) {
      Error("expect.within", "within is read for `is: alike` and `is: no_better` alone",
            "no within");
    }
  }

  void CheckOthers(const std::vector<std::string>& others) const {
    if (others.empty()) Error("expect.best_of", "best_of no arm", "at least one");
    if (std::find(others.begin(), others.end(), claim_.expect.arm) == others.end()) return;
    if (claim_.expect.arm.empty()) return;
    Error("expect.arm", fmt::format("\"{}\" is compared with itself", claim_.expect.arm),
          "two arms");
  }

  void CheckCount() const {
    if (IsWrong("count")) return;
    Require(claim_.count.arm, "count.arm", "the arm that is counted");
    for (const char* key : {"quantity", "is"}) {
      if (!Has(fmt::format("count.{}", key))) {
        Error("count", fmt::format("a count without `{}`", key),
              fmt::format(
                  "{}: {}", key,
                  key == std::string_view("is") ? "the paper's number" : "parameters_total, say"));
      }
    }
  }

  const Claim& claim_;
  const std::string& path_;
  const Reading& reading_;
};

class StudyChecks {
 public:
  StudyChecks(const Claim& claim, const std::string& path, const Recipe& recipe,
              const Reading& reading)
      : claim_(claim), path_(path), recipe_(recipe), reading_(reading) {}

  void Check() const {
    if (claim_.IsCount()) {
      FindKnown(claim_.count.arm, "count.arm");
      return;
    }
    const Expectation& expect = claim_.expect;
    CheckArm(expect.arm, "expect.arm");
    if (!expect.than.empty()) CheckArm(expect.than, "expect.than");
    for (size_t i = 0; i < expect.best_of.size(); ++i) {
      CheckArm(expect.best_of[i], fmt::format("expect.best_of.{}", i));
    }
    CheckGoal();
  }

 private:
  Place PlaceOf(const std::string& key) const {
    return *reading_.places.Find(JoinPath(path_, key));
  }

  const Arm* FindKnown(const std::string& name, const std::string& key) const {
    if (const Arm* arm = FindArm(recipe_, name)) return arm;
    for (const TwinArm& twin : recipe_.twins) {
      if (twin.name != name) continue;
      reading_.diagnostics.Error(
          PlaceOf(key),
          fmt::format("arm \"{}\" of {} is the same run as arm \"{}\"{}{}", name, recipe_.name,
                      twin.kept, twin.why.empty() ? "" : ": ", twin.why),
          fmt::format("\"{}\", which is kept", twin.kept));
      return nullptr;
    }
    std::vector<std::string> names;
    for (const Arm& arm : recipe_.arms) names.push_back(arm.name);
    reading_.diagnostics.Error(PlaceOf(key),
                               fmt::format("{} has no arm \"{}\"", recipe_.name, name),
                               OneOf(names), ClosestWord(name, names).value_or(""));
    return nullptr;
  }

  void CheckArm(const std::string& name, const std::string& key) const {
    const Arm* arm = FindKnown(name, key);
    if (arm == nullptr) return;
    const std::vector<std::string> known = MetricsOf(arm->settings);
    const std::string metric = MetricOf(claim_.expect, recipe_);
    if (std::find(known.begin(), known.end(), metric) != known.end()) return;
    reading_.diagnostics.Error(
        PlaceOf("expect.metric"), fmt::format("arm \"{}\" does not record {}", name, metric),
        "a metric that all these arms record", ClosestWord(metric, known).value_or(""));
  }

  // Better and worse need a goal.
  void CheckGoal() const {
    const Expectation& expect = claim_.expect;
    const bool judges =
        !expect.best_of.empty() || expect.is == Relation::kBetter || expect.is == Relation::kWorse;
    const std::string metric = MetricOf(expect, recipe_);
    if (!judges || metric == recipe_.metric.name || UsualGoal(metric)) return;
    reading_.diagnostics.Error(
        PlaceOf("expect.metric"),
        fmt::format("which values of {} are better, its name does not say", metric),
        "is: higher, or lower");
  }

  const Claim& claim_;
  const std::string& path_;
  const Recipe& recipe_;
  const Reading& reading_;
};

}  // namespace

void CheckClaims(const ClaimsFile& file, const Reading& reading, const Place& beginning) {
  if (file.paper.title.empty() && !reading.places.IsAnyWrong("paper")) {
    reading.diagnostics.Error(reading.places.Find("paper").value_or(beginning),
                              "a paper without a title", "paper: {title: …, source: …}");
  }
  if (file.claims.empty() && !reading.places.IsAnyWrong("claims")) {
    reading.diagnostics.Error(reading.places.Find("claims").value_or(beginning),
                              "there are no claims", "claims: a list of what the paper found");
  }
  std::set<std::string> ids;
  for (size_t i = 0; i < file.claims.size(); ++i) {
    const std::string path = fmt::format("claims.{}", i);
    const Claim& claim = file.claims[i];
    ClaimChecks(claim, path, reading).Check();
    if (claim.id.empty() || ids.insert(claim.id).second) continue;
    reading.diagnostics.Error(*reading.places.Find(path + ".id"),
                              fmt::format("two claims have the id {}", claim.id),
                              "an id of its own for each claim");
  }
}

void CheckAgainstStudy(const Claim& claim, const std::string& path, const Recipe& recipe,
                       const Reading& reading) {
  StudyChecks(claim, path, recipe, reading).Check();
}

}  // namespace upcycle
