#include "core/recipe/arm_checks.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/fingerprint.h"
#include "core/recipe/canonical.h"
#include "core/recipe/effective.h"
#include "core/recipe/relations.h"

namespace upcycle {
namespace {

using PlaceKey = std::tuple<const SourceText*, int, int>;

PlaceKey KeyOf(const Place& place) { return {place.source, place.line, place.column}; }

// One mistake, and the arms that have it.
struct SharedViolation {
  Place place;
  Violation violation;
  std::vector<std::string> arms;
};

bool IsConsequence(const Violation& violation, const Places& places) {
  return std::any_of(violation.paths.begin(), violation.paths.end(),
                     [&](const std::string& path) { return places.IsWrong(path); });
}

Place PlaceOf(const Violation& violation, const Candidate& candidate, const Places& places,
              const Place& recipe) {
  for (const std::string& path : violation.paths) {
    for (size_t i = 0; i < candidate.arm.changes.size(); ++i) {
      const std::string& changed = candidate.arm.changes[i].path;
      if (path == changed || path.starts_with(changed + ".")) {
        return candidate.draft.changes[i]->value.place;
      }
    }
  }
  for (const std::string& path : violation.paths) {
    if (places.Has(path)) return *places.Find(path);
  }
  return places.Find(violation.paths.front()).value_or(recipe);
}

Fingerprint IdentityOf(const Candidate& candidate, MatchOn match) {
  RunSettings settings = EffectiveSettings(candidate.arm.settings);
  if (match != MatchOn::kNone) settings.train.tokens = TrainSettings{}.tokens;
  Hasher hasher;
  hasher.Add(ResultSettings(settings).dump());
  return hasher.Finish();
}

// Which of two equal arms is kept: the one with the greater claim.
int ClaimOf(const Candidate& candidate) {
  if (candidate.draft.is_base) return 0;
  if (candidate.is_baseline) return 2;
  return candidate.draft.name.empty() ? 0 : 1;
}

// Arms that are dropped, one warning for each place.
class Duplicates {
 public:
  void Add(const Candidate& dropped, const Candidate& kept) {
    Twins& twins = by_place_[KeyOf(dropped.draft.place)];
    if (!twins.message.empty()) {
      ++twins.more;
      return;
    }
    twins.place = dropped.draft.place;
    twins.message = fmt::format("arm \"{}\" is the same run as arm \"{}\", which is kept",
                                dropped.arm.name, kept.arm.name);
  }

  void Report(Diagnostics& diagnostics) {
    for (auto& [key, twins] : by_place_) {
      if (twins.more > 0) twins.message += fmt::format("; {} more like it", twins.more);
      diagnostics.Warning(twins.place, twins.message);
    }
  }

 private:
  struct Twins {
    Place place;
    std::string message;  // about the first pair
    size_t more = 0;
  };
  std::map<PlaceKey, Twins> by_place_;
};

// Arms mostly read the same data, and files are slow to look at.
class DataViolations {
 public:
  explicit DataViolations(const DataCheck& check) : check_(check) {}

  std::vector<Violation> Of(const DataSettings& data) {
    if (!check_) return {};
    const std::string key = AllSettings(data).dump();
    const auto known = found_.find(key);
    return known != found_.end() ? known->second : found_.emplace(key, check_(data)).first->second;
  }

 private:
  const DataCheck& check_;
  std::map<std::string, std::vector<Violation>> found_;
};

}  // namespace

std::string NameArms(const std::vector<std::string>& arms) {
  constexpr size_t kNamed = 3;
  std::string names;
  for (size_t i = 0; i < std::min(kNamed, arms.size()); ++i) {
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", arms[i]);
  }
  if (arms.size() > kNamed) names += fmt::format(" and {} more", arms.size() - kNamed);
  return fmt::format("{} {}", arms.size() == 1 ? "arm" : "arms", names);
}

void CheckRelations(const std::vector<Candidate>& candidates, const DataCheck& check_data,
                    const Reading& reading, const Place& recipe) {
  DataViolations data(check_data);
  std::map<std::pair<PlaceKey, std::string>, SharedViolation> shared;
  for (const Candidate& candidate : candidates) {
    std::vector<Violation> violations = FindViolations(candidate.arm.settings);
    for (Violation& found : data.Of(candidate.arm.settings.data)) {
      violations.push_back(std::move(found));
    }
    for (Violation& violation : violations) {
      if (IsConsequence(violation, reading.places)) continue;
      const Place place = PlaceOf(violation, candidate, reading.places, recipe);
      SharedViolation& entry = shared[{KeyOf(place), violation.message}];
      entry.place = place;
      entry.violation = std::move(violation);
      entry.arms.push_back(candidate.arm.name);
    }
  }
  for (const auto& [key, entry] : shared) {
    std::string message = entry.violation.message;
    if (entry.arms.size() < candidates.size())
      message += fmt::format(" ({})", NameArms(entry.arms));
    reading.diagnostics.Add(
        {entry.violation.severity, entry.place, std::move(message), entry.violation.expected});
  }
}

void DropDuplicates(std::vector<Candidate>& candidates, MatchOn match, Diagnostics& diagnostics) {
  Duplicates duplicates;
  std::map<Fingerprint, size_t> kept_by_settings;
  std::vector<Candidate> kept;
  for (Candidate& candidate : candidates) {
    const auto [found, is_new] =
        kept_by_settings.emplace(IdentityOf(candidate, match), kept.size());
    if (is_new) {
      kept.push_back(std::move(candidate));
      continue;
    }
    Candidate& twin = kept[found->second];
    if (ClaimOf(candidate) > ClaimOf(twin)) std::swap(candidate, twin);
    twin.is_baseline |= candidate.is_baseline;
    duplicates.Add(candidate, twin);
  }
  candidates = std::move(kept);
  duplicates.Report(diagnostics);
}

}  // namespace upcycle
