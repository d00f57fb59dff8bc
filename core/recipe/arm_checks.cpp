#include "core/recipe/arm_checks.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/fingerprint.h"
#include "core/recipe/canonical.h"
#include "core/recipe/effective.h"
#include "core/recipe/match.h"
#include "core/recipe/relations.h"
#include "core/setting_paths.h"
#include "core/text.h"

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
      if (IsWithin(path, changed)) {
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
  // Equal programs whose padding is counted get budgets of their own.
  if (match == MatchOn::kPaddedTrainFlops) {
    hasher.Add(std::bit_cast<uint64_t>(AmountPerToken(candidate.arm.settings, match)));
  }
  return hasher.Finish();
}

// Which of two equal arms is kept: the one with the greater claim.
int ClaimOf(const Candidate& candidate) {
  if (candidate.draft.is_base) return 0;
  if (candidate.is_baseline) return 2;
  return candidate.draft.name.empty() ? 0 : 1;
}

// Why a setting that two equal arms have unlike makes no difference.
std::string WhyNoMatter(const std::string& path, const std::vector<Reduction>& reductions,
                        MatchOn match) {
  for (const Reduction& reduction : reductions) {
    if (IsWithin(path, reduction.path)) return reduction.why;
  }
  if (path == "train.tokens" && match != MatchOn::kNone) return "budgets are matched";
  return "no result depends on it";
}

// What is written unlike in two arms that are the same run, and why it means the same.
std::string WhySame(const RunSettings& a, const RunSettings& b, MatchOn match) {
  std::vector<Reduction> reductions = FindReductions(a);
  for (Reduction& reduction : FindReductions(b)) reductions.push_back(std::move(reduction));
  std::vector<std::pair<std::string, std::vector<std::string>>> paths_by_reason;
  for (const SettingChange& difference : Differences(a, b)) {
    const std::string why = WhyNoMatter(difference.path, reductions, match);
    const auto known = std::find_if(paths_by_reason.begin(), paths_by_reason.end(),
                                    [&](const auto& entry) { return entry.first == why; });
    auto& entry = known == paths_by_reason.end()
                      ? paths_by_reason.emplace_back(why, std::vector<std::string>())
                      : *known;
    entry.second.push_back(difference.path);
  }
  std::string text;
  for (const auto& [why, paths] : paths_by_reason) {
    text += fmt::format("{}{} {}, but {}", text.empty() ? "" : "; ", fmt::join(paths, ", "),
                        paths.size() == 1 ? "differs" : "differ", why);
  }
  return text;
}

// The warnings about arms that are dropped, one for each place.
void WarnOfTwins(const std::vector<TwinArm>& twins, const std::vector<Place>& places,
                 Diagnostics& diagnostics) {
  struct AtPlace {
    size_t first;
    size_t count = 0;
  };
  std::map<PlaceKey, AtPlace> by_place;
  for (size_t i = 0; i < twins.size(); ++i) {
    ++by_place.try_emplace(KeyOf(places[i]), AtPlace{i}).first->second.count;
  }
  for (const auto& [key, at] : by_place) {
    const TwinArm& twin = twins[at.first];
    std::string message = fmt::format("arm \"{}\" is the same run as arm \"{}\", which is kept",
                                      twin.name, twin.kept);
    if (!twin.why.empty()) message += ": " + twin.why;
    if (at.count > 1) message += fmt::format("; {} more like it", at.count - 1);
    diagnostics.Warning(places[at.first], message);
  }
}

// Arms mostly read the same files, and files are slow to look at.
template <typename Settings>
class FileViolations {
 public:
  using Check = std::function<std::vector<Violation>(const Settings&)>;
  explicit FileViolations(const Check& check) : check_(check) {}

  const std::vector<Violation>& Of(const Settings& settings) {
    static const std::vector<Violation> kNone;
    if (!check_) return kNone;
    const std::string key = AllSettings(settings).dump();
    const auto known = found_.find(key);
    return known != found_.end() ? known->second
                                 : found_.emplace(key, check_(settings)).first->second;
  }

 private:
  const Check& check_;
  std::map<std::string, std::vector<Violation>> found_;
};

}  // namespace

std::string NameArms(const std::vector<std::string>& arms) {
  constexpr size_t kNamed = 3;
  std::vector<std::string> quoted;
  for (const std::string& arm : arms) quoted.push_back(fmt::format("\"{}\"", arm));
  return fmt::format("{} {}", arms.size() == 1 ? "arm" : "arms", FirstNames(quoted, kNamed));
}

void CheckRelations(const std::vector<Candidate>& candidates, const FileKnowledge& files,
                    const Reading& reading, const Place& recipe) {
  FileViolations<DataSettings> data(files.check_data);
  FileViolations<ModelSettings> models(files.check_model);
  std::map<std::pair<PlaceKey, std::string>, SharedViolation> shared;
  for (const Candidate& candidate : candidates) {
    std::vector<Violation> violations = FindViolations(candidate.arm.settings);
    for (const auto* found :
         {&data.Of(candidate.arm.settings.data), &models.Of(candidate.arm.settings.model)}) {
      violations.insert(violations.end(), found->begin(), found->end());
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

std::vector<TwinArm> DropDuplicates(std::vector<Candidate>& candidates, MatchOn match,
                                    Diagnostics& diagnostics) {
  constexpr size_t kMostExplained = 1000;
  std::map<Fingerprint, size_t> kept_by_settings;
  std::vector<Candidate> kept, dropped;
  std::vector<size_t> kept_for;  // for each of the dropped, the place of what is kept
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
    dropped.push_back(std::move(candidate));
    kept_for.push_back(found->second);
  }
  std::vector<TwinArm> twins;
  std::vector<Place> places;
  for (size_t i = 0; i < dropped.size(); ++i) {
    const Arm& arm = kept[kept_for[i]].arm;
    const bool explained = i < kMostExplained;
    twins.push_back({dropped[i].arm.name, arm.name,
                     explained ? WhySame(dropped[i].arm.settings, arm.settings, match) : ""});
    places.push_back(dropped[i].draft.place);
  }
  candidates = std::move(kept);
  WarnOfTwins(twins, places, diagnostics);
  return twins;
}

}  // namespace upcycle
