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

std::string NameArms(const std::vector<std::string>& arms) {
  constexpr size_t kNamed = 3;
  std::string names;
  for (size_t i = 0; i < std::min(kNamed, arms.size()); ++i) {
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", arms[i]);
  }
  if (arms.size() > kNamed) names += fmt::format(" and {} more", arms.size() - kNamed);
  return fmt::format("{} {}", arms.size() == 1 ? "arm" : "arms", names);
}

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

}  // namespace

void CheckRelations(const std::vector<Candidate>& candidates, const Reading& reading,
                    const Place& recipe) {
  std::map<std::pair<PlaceKey, std::string>, SharedViolation> shared;
  for (const Candidate& candidate : candidates) {
    for (Violation& violation : FindViolations(candidate.arm.settings)) {
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

void DropDuplicates(std::vector<Candidate>& candidates, Diagnostics& diagnostics) {
  struct Twins {
    Place place;
    std::string message;  // about the first pair
    size_t more = 0;
  };
  std::map<PlaceKey, Twins> twins_by_place;
  std::map<Fingerprint, size_t> kept_by_settings;
  std::vector<Candidate> kept;
  for (Candidate& candidate : candidates) {
    Hasher hasher;
    hasher.Add(ResultSettings(EffectiveSettings(candidate.arm.settings)).dump());
    const auto [found, is_new] = kept_by_settings.emplace(hasher.Finish(), kept.size());
    if (is_new) {
      kept.push_back(std::move(candidate));
      continue;
    }
    Candidate& first = kept[found->second];
    first.is_baseline |= candidate.is_baseline;
    Twins& twins = twins_by_place[KeyOf(candidate.draft.place)];
    if (!twins.message.empty()) {
      ++twins.more;
      continue;
    }
    twins.place = candidate.draft.place;
    twins.message = fmt::format("arm \"{}\" is the same run as arm \"{}\", which is kept",
                                candidate.arm.name, first.arm.name);
  }
  candidates = std::move(kept);
  for (auto& [key, twins] : twins_by_place) {
    if (twins.more > 0) twins.message += fmt::format("; {} more like it", twins.more);
    diagnostics.Warning(twins.place, twins.message);
  }
}

}  // namespace upcycle
