#include "core/recipe/arms.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/recipe/arm_checks.h"
#include "core/recipe/arm_names.h"
#include "core/recipe/canonical.h"
#include "core/recipe/drafts.h"
#include "core/recipe/fairness.h"
#include "core/recipe/metric_checks.h"
#include "core/spelling.h"

namespace upcycle {
namespace {

class Expansion {
 public:
  Expansion(const RecipeFile& file, const FileKnowledge& files, const Reading& reading,
            const Place& recipe)
      : file_(file),
        files_(files),
        reading_(reading),
        recipe_(recipe),
        known_paths_(PathsOf<RunSettings>()) {}

  ArmSet Expand() {
    set_.base = file_.run;
    for (const Change& change : file_.baseline.changes) {
      SetAt(set_.base, change.path, change.value, RunReading(reading_.places));
    }
    ReadArms();
    NameArms();
    FindNamedBaseline();
    ApplyExclusions();
    RefuseMatchedTokens();
    CheckRelations(candidates_, files_, reading_, recipe_);
    set_.twins = DropDuplicates(candidates_, file_.match.on, diagnostics());
    Finish();
    return std::move(set_);
  }

 private:
  Diagnostics& diagnostics() const { return reading_.diagnostics; }
  Place PlaceOf(std::string_view key) const { return reading_.places.Find(key).value_or(recipe_); }

  // Arms change the settings of a run, not those of the study.
  Reading RunReading(Places& places) const {
    return {diagnostics(), places, known_paths_, "the settings of a run", reading_.readers};
  }

  void ReadArms() {
    std::vector<std::pair<Place, bool>> ablated;  // each parameter, and whether it made an arm
    for (ArmDraft& draft : DraftArms(file_, reading_.places, recipe_, diagnostics())) {
      const Place place = draft.place;
      const bool is_ablation = draft.only_if_different;
      if (is_ablation && (ablated.empty() || ablated.back().first != place)) {
        ablated.emplace_back(place, false);
      }
      const bool is_arm = ReadArm(std::move(draft));
      if (is_ablation && is_arm) ablated.back().second = true;
    }
    for (const auto& [place, made_arm] : ablated) {
      if (made_arm || diagnostics().HasErrors()) continue;
      diagnostics().Warning(place, "every value of this parameter is the baseline's: no arm");
    }
  }

  // Whether the draft became an arm.
  bool ReadArm(ArmDraft draft) {
    Candidate candidate{{draft.name, {}, set_.base}, std::move(draft)};
    Arm& arm = candidate.arm;
    Places places;
    const Reading reading = RunReading(places);
    const int64_t errors = diagnostics().error_calls();
    bool differs = false;
    for (const auto& change : candidate.draft.changes) {
      const std::string path = SetAt(arm.settings, change->path, change->value, reading);
      if (path.empty() || diagnostics().error_calls() > errors) continue;
      RefuseRepeat(arm, path, *change);
      arm.changes.push_back({path, SettingAt(arm.settings, path)});
      differs |= arm.changes.back().value != SettingAt(set_.base, path);
    }
    if (diagnostics().error_calls() > errors) return false;
    if (candidate.draft.only_if_different && !differs) return false;
    candidates_.push_back(std::move(candidate));
    return true;
  }

  void RefuseRepeat(const Arm& arm, const std::string& path, const Change& change) const {
    for (const ArmChange& other : arm.changes) {
      if (other.path != path) continue;
      diagnostics().Error(change.path.place(), fmt::format("an arm sets {} twice", path));
    }
  }

  // The baseline's budget is what the others' follow from.
  void RefuseMatchedTokens() const {
    if (file_.match.on == MatchOn::kNone) return;
    const auto chosen = std::find_if(candidates_.begin(), candidates_.end(),
                                     [](const Candidate& c) { return c.is_baseline; });
    if (chosen == candidates_.end() && !file_.baseline.arm.empty()) return;  // no such arm
    const auto baseline = chosen == candidates_.end() ? candidates_.begin() : chosen;
    for (auto candidate = candidates_.begin(); candidate != candidates_.end(); ++candidate) {
      if (candidate != baseline) RefuseTokens(*candidate);
    }
  }

  void RefuseTokens(const Candidate& candidate) const {
    const std::vector<ArmChange>& changes = candidate.arm.changes;
    for (size_t i = 0; i < changes.size(); ++i) {
      if (changes[i].path != "train.tokens") continue;
      diagnostics().Error(
          candidate.draft.changes[i]->path.place(),
          fmt::format("train.tokens of an arm follows from match: {}", NameOf(file_.match.on)),
          "train.tokens in the base settings or the baseline alone, or match: none");
    }
  }

  void NameArms() {
    std::set<WrittenPath> written;
    for (const Candidate& candidate : candidates_) {
      for (size_t i = 0; i < candidate.draft.changes.size(); ++i) {
        written.emplace(candidate.draft.changes[i]->path.ToString(), candidate.arm.changes[i].path);
      }
    }
    const std::map<std::string, std::string> labels = ShortLabels(written);
    std::map<std::string, Place> names;
    size_t number = 0;
    for (Candidate& candidate : candidates_) {
      ++number;
      std::string& name = candidate.arm.name;
      if (name.empty()) name = DerivedName(candidate, labels, number);
      const Place& place = candidate.draft.place;
      if (names.emplace(name, place).second) continue;
      diagnostics().Error(place, fmt::format("two arms are named \"{}\"", name),
                          "a name of its own for each arm");
    }
  }

  std::string DerivedName(const Candidate& candidate,
                          const std::map<std::string, std::string>& labels, size_t number) const {
    constexpr size_t kLongest = 200;
    std::string name;
    for (const auto& change : candidate.draft.changes) {
      name += fmt::format("{}{}={}", name.empty() ? "" : ", ", labels.at(change->path.ToString()),
                          FlowText(change->value));
    }
    if (name.empty()) {
      diagnostics().Error(candidate.draft.place, "an arm that changes nothing has no name",
                          "name: …");
    }
    return name.size() <= kLongest ? name : fmt::format("arm {}", number);
  }

  // The baseline that the recipe names; without one it is the arm named so, or the first.
  void FindNamedBaseline() {
    const bool given = !file_.baseline.arm.empty();
    const std::string name = given ? file_.baseline.arm : kBaselineName;
    for (Candidate& candidate : candidates_) {
      if (candidate.arm.name != name) continue;
      candidate.is_baseline = true;
      return;
    }
    if (given) AddUnknownArm(file_.baseline.place, name);
  }

  void AddUnknownArm(const Place& place, const std::string& name) const {
    if (diagnostics().HasErrors()) return;  // the arm may be one that could not be read
    for (const TwinArm& twin : set_.twins) {
      if (twin.name != name) continue;
      diagnostics().Error(place,
                          fmt::format("arm \"{}\" is the same run as arm \"{}\"", name, twin.kept),
                          fmt::format("\"{}\", which is kept", twin.kept));
      return;
    }
    std::vector<std::string> names;
    for (const Candidate& candidate : candidates_) names.push_back(candidate.arm.name);
    diagnostics().Error(place, fmt::format("there is no arm \"{}\"", name), "the name of an arm",
                        ClosestWord(name, names).value_or(""));
  }

  // Nothing if the exclusion could not be read.
  std::optional<std::vector<ArmChange>> ReadExclusion(const ArmText& exclusion) const {
    const int64_t errors = diagnostics().error_calls();
    RunSettings settings = set_.base;
    Places places;
    std::vector<ArmChange> values;
    for (const Change& change : exclusion.changes) {
      const std::string path = SetAt(settings, change.path, change.value, RunReading(places));
      if (!path.empty()) values.push_back({path, SettingAt(settings, path)});
    }
    if (diagnostics().error_calls() > errors) return std::nullopt;
    return values;
  }

  void ApplyExclusions() {
    for (const ArmText& exclusion : file_.exclude.list) {
      const auto values = ReadExclusion(exclusion);
      if (!values) continue;
      const auto matches = [&](const Candidate& candidate) {
        return std::all_of(values->begin(), values->end(), [&](const ArmChange& value) {
          return SettingAt(candidate.arm.settings, value.path) == value.value;
        });
      };
      const bool takes_baseline = std::any_of(
          candidates_.begin(), candidates_.end(),
          [&](const Candidate& candidate) { return candidate.is_baseline && matches(candidate); });
      const size_t dropped = std::erase_if(candidates_, [&](const Candidate& candidate) {
        return !candidate.is_baseline && matches(candidate);
      });
      if (takes_baseline) {
        diagnostics().Error(exclusion.place, "this leaves out the baseline",
                            "values that the baseline does not have");
      } else if (dropped == 0) {
        diagnostics().Warning(exclusion.place, "no arm has all these values: nothing is left out");
      }
    }
    if (candidates_.empty() && !diagnostics().HasErrors()) {
      diagnostics().Error(PlaceOf("exclude"), "no arm is left", "at least one");
    }
  }

  void Finish() {
    for (size_t i = 0; i < candidates_.size(); ++i) {
      if (candidates_[i].is_baseline) set_.baseline = i;
    }
    CheckTable();
    CheckMetrics(candidates_, file_, reading_, recipe_);
    CheckFairness(candidates_, set_.baseline, file_, reading_);
    for (Candidate& candidate : candidates_) set_.arms.push_back(std::move(candidate.arm));
  }

  void CheckTable() const {
    const TableSettings& table = file_.table;
    const bool known = table.against == kBaselineName ||
                       std::any_of(candidates_.begin(), candidates_.end(),
                                   [&](const auto& c) { return c.arm.name == table.against; });
    if (!known) AddUnknownArm(PlaceOf("table.against"), table.against);
    if (table.rows != "arm" && SettingAt(set_.base, table.rows).is_null()) {
      std::vector<std::string> words = known_paths_;
      words.insert(words.begin(), "arm");
      diagnostics().Error(
          PlaceOf("table.rows"), fmt::format("table.rows cannot be \"{}\"", table.rows),
          "arm, or the path of a setting", ClosestWord(table.rows, words).value_or(""));
    }
  }

  const RecipeFile& file_;
  const FileKnowledge& files_;
  const Reading& reading_;
  const Place& recipe_;
  const std::vector<std::string> known_paths_;
  ArmSet set_;
  std::vector<Candidate> candidates_;
};

}  // namespace

ArmSet ExpandArms(const RecipeFile& file, const FileKnowledge& files, const Reading& reading,
                  const Place& recipe) {
  return Expansion(file, files, reading, recipe).Expand();
}

}  // namespace upcycle
