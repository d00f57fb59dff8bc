#include "core/recipe/metric_checks.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/cost_column.h"
#include "core/recipe/canonical.h"
#include "core/recipe/effective.h"
#include "core/recipe/metrics.h"
#include "core/setting_paths.h"
#include "core/spelling.h"
#include "core/table_words.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr std::string_view kSystem = "system/";

// One metric of each layer is as good as any other: a list of names has none of them.
bool IsOfALayer(const std::string& metric) { return metric.find("/layer_") != metric.npos; }

// Sources as far as they decide which text there is: neither names nor, but for a blend, weights.
json TextsOf(std::vector<SourceSettings> sources, bool blended) {
  json texts = json::array();
  for (SourceSettings& source : sources) {
    source.name.clear();
    if (!blended) source.weight = SourceSettings{}.weight;
    texts.push_back(AllSettings(source));
  }
  return texts;
}

// The parts of the sources that are trained on, and those that are not.
std::string TrainedText(const RunSettings& written) {
  const DataSettings data = EffectiveSettings(written).data;
  const double held_out = data.validation.empty() ? data.held_out : 0;
  return json::array({TextsOf(data.train, true), held_out, data.deduplicate}).dump();
}

std::string HeldOutText(const RunSettings& written) {
  const RunSettings settings = EffectiveSettings(written);
  const DataSettings& data = settings.data;
  json text =
      json::array({settings.evaluate.sequences, TextsOf(data.validation, false), data.deduplicate});
  if (data.validation.empty()) {
    text.push_back(TextsOf(data.train, false));
    text.push_back(data.held_out);
  }
  return text.dump();
}

// A tokenizer that is trained is another one on other text.
std::string TokenizerOf(const RunSettings& written) {
  const DataSettings data = EffectiveSettings(written).data;
  json tokenizer = json::array({AllSettings(data.tokenizer)});
  if (data.tokenizer.kind == TokenizerKind::kBpe) {
    tokenizer.push_back(TextsOf(data.train, false));
    tokenizer.push_back(data.validation.empty() ? data.held_out : 0);
    tokenizer.push_back(data.deduplicate);
  }
  return tokenizer.dump();
}

// Whether the arm changes anything in these parts of the settings; if not, they are the base's.
bool Changes(const Candidate& candidate, std::initializer_list<std::string_view> parts) {
  for (const ArmChange& change : candidate.arm.changes) {
    for (const std::string_view part : parts) {
      if (IsWithin(change.path, part)) return true;
    }
  }
  return false;
}

// How many arms record each metric.
std::map<std::string, size_t> CountMetrics(const std::vector<Candidate>& candidates) {
  std::map<std::string, size_t> arms;
  const Candidate* usual = nullptr;  // one of those that record what the base settings do
  size_t usual_count = 0;
  for (const Candidate& candidate : candidates) {
    if (!Changes(candidate, {"model", "data", "upcycle", "moe.layers"})) {
      usual = &candidate;
      ++usual_count;
      continue;
    }
    for (std::string& name : MetricsOf(candidate.arm.settings)) ++arms[std::move(name)];
  }
  if (usual == nullptr) return arms;
  for (std::string& name : MetricsOf(usual->arm.settings)) arms[std::move(name)] += usual_count;
  return arms;
}

class MetricChecks {
 public:
  MetricChecks(const std::vector<Candidate>& candidates, const RecipeFile& file,
               const Reading& reading, const Place& recipe)
      : candidates_(candidates),
        file_(file),
        reading_(reading),
        recipe_(recipe),
        arms_with_(CountMetrics(candidates)) {}

  void Check() const {
    if (!reading_.places.IsWrong("metric.name")) {
      CheckMetric();
      CheckComparability();
    }
    if (!reading_.places.IsWrong("table.columns")) CheckColumns();
  }

 private:
  const std::string& metric() const { return file_.metric.name; }
  Place PlaceOf(std::string_view path) const {
    return reading_.places.Find(path).value_or(recipe_);
  }

  size_t ArmsWith(const std::string& name) const {
    const auto found = arms_with_.find(name);
    return found == arms_with_.end() ? 0 : found->second;
  }

  std::vector<std::string> Names(bool of_every_arm) const {
    std::vector<std::string> names;
    for (const auto& [name, arms] : arms_with_) {
      if (!of_every_arm || arms == candidates_.size()) names.push_back(name);
    }
    return names;
  }

  void AddUnknown(const Place& place, const std::string& name,
                  std::vector<std::string> known) const {
    if (name.starts_with(kSystem)) {
      reading_.diagnostics.Error(
          place, fmt::format("{} depends on clock and machine", name),
          "what a run gives wherever it runs: a comparison shows results only");
      return;
    }
    const std::string closest = ClosestWord(name, known).value_or("");
    std::erase_if(known, IsOfALayer);
    reading_.diagnostics.Error(place, fmt::format("no run of this recipe records {}", name),
                               OneOf(known), closest);
  }

  void CheckMetric() const {
    const Place place = PlaceOf("metric.name");
    const size_t arms = ArmsWith(metric());
    if (arms == 0) return AddUnknown(place, metric(), Names(true));
    if (arms < candidates_.size()) {
      std::vector<std::string> known = Names(true);
      std::erase_if(known, IsOfALayer);
      reading_.diagnostics.Error(
          place, fmt::format("{} is not recorded by {}", metric(), NameArms(ArmsWithout(metric()))),
          OneOf(known));
    }
    CheckGoal();
  }

  std::vector<std::string> ArmsWithout(const std::string& name) const {
    std::vector<std::string> arms;
    for (const Candidate& candidate : candidates_) {
      const std::vector<std::string> names = MetricsOf(candidate.arm.settings);
      if (std::find(names.begin(), names.end(), name) == names.end())
        arms.push_back(candidate.arm.name);
    }
    return arms;
  }

  void CheckGoal() const {
    if (reading_.places.IsWrong("metric.goal")) return;
    const std::optional<Goal> usual = UsualGoal(metric());
    const bool given = reading_.places.Has("metric.goal");
    if (!given && !usual) {
      reading_.diagnostics.Error(
          PlaceOf("metric.name"),
          fmt::format("which values of {} are better, its name does not say", metric()),
          fmt::format("metric: {{name: {}, goal: minimize}}, or maximize", metric()));
    } else if (given && usual && *usual != file_.metric.goal) {
      reading_.diagnostics.Warning(
          PlaceOf("metric.goal"),
          fmt::format("arms will be called better the {} their {} is",
                      file_.metric.goal == Goal::kMinimize ? "lower" : "higher", metric()),
          fmt::format("goal: {}, which is what it is without a goal", NameOf(*usual)));
    }
  }

  // A value that some arm has at this path, and no mapping of several.
  bool IsSetting(std::string_view path) const {
    return std::any_of(candidates_.begin(), candidates_.end(), [&](const Candidate& candidate) {
      const json value = SettingAt(candidate.arm.settings, path);
      return !value.is_null() && !value.is_object();
    });
  }

  bool IsColumn(const std::string& name) const {
    return ArmsWith(name) > 0 || ValueNamed<CostColumn>(name) || ValueNamed<TestColumn>(name) ||
           IsSetting(name);
  }

  void CheckColumn(const Place& place, const std::string& name) const {
    if (IsColumn(name)) return;
    if (name.find('.') != name.npos && name.find('/') == name.npos) {
      reading_.diagnostics.Error(place, fmt::format("there is no setting {}", name),
                                 "the path of a setting, as moe.top_k",
                                 ClosestWord(name, PathsOf<RunSettings>()).value_or(""));
      return;
    }
    std::vector<std::string> known = Names(false);
    for (const auto& cost : EnumNames<CostColumn>::values) known.emplace_back(cost.name);
    for (const auto& word : EnumNames<TestColumn>::values) known.emplace_back(word.name);
    AddUnknown(place, name, known);
  }

  void CheckColumns() const {
    const std::vector<std::string>& columns = file_.table.columns;
    for (size_t i = 0; i < columns.size(); ++i) {
      CheckColumn(PlaceOf(fmt::format("table.columns.{}", i)), columns[i]);
    }
    const std::string sort(ParseSortWords(file_.table.sort).column);
    if (!sort.empty() && sort != "arm" && !reading_.places.IsWrong("table.sort")) {
      CheckColumn(PlaceOf("table.sort"), sort);
    }
  }

  // Losses of unlike things say nothing about the arms.
  void CheckComparability() const {
    const bool differ = std::any_of(candidates_.begin(), candidates_.end(), [](const Candidate& c) {
      return Changes(c, {"data", "evaluate"});
    });
    if (!differ) return;
    const bool per_token = IsPerToken(metric());
    if (!per_token && !metric().ends_with("/bits_per_byte")) return;
    const bool in_training = metric().starts_with("train/");
    if (per_token) {
      WarnWhereArmsDiffer(
          TokenizerOf, "data.tokenizer",
          fmt::format("{} is a mean over tokens, and not all arms have the same", metric()),
          in_training ? "one tokenizer for all arms"
                      : "metric: validation/bits_per_byte, which compares over tokenizers");
    }
    WarnWhereArmsDiffer(in_training ? TrainedText : HeldOutText, "data",
                        fmt::format("{} is measured on unlike text", metric()),
                        in_training ? "a metric of held-out text"
                                    : "data.validation sources that all arms have in common");
  }

  template <typename Describe>
  void WarnWhereArmsDiffer(const Describe& describe, const std::string& path,
                           const std::string& message, const std::string& expected) const {
    const std::string first = describe(candidates_.front().arm.settings);
    std::vector<std::string> others;
    std::optional<Place> place = PlaceOfChange(candidates_.front());
    for (const Candidate& candidate : candidates_) {
      if (describe(candidate.arm.settings) == first) continue;
      others.push_back(candidate.arm.name);
      if (others.size() == 1 && PlaceOfChange(candidate)) place = PlaceOfChange(candidate);
    }
    if (others.empty()) return;
    reading_.diagnostics.Warning(place.value_or(PlaceOf(path)),
                                 fmt::format("{}: {} against \"{}\"", message, NameArms(others),
                                             candidates_.front().arm.name),
                                 expected);
  }

  // Where an arm changes what it reads or how it is evaluated.
  static std::optional<Place> PlaceOfChange(const Candidate& candidate) {
    for (size_t i = 0; i < candidate.arm.changes.size(); ++i) {
      const std::string& path = candidate.arm.changes[i].path;
      if (path.starts_with("data.") || path.starts_with("evaluate.")) {
        return candidate.draft.changes[i]->path.place();
      }
    }
    return std::nullopt;
  }

  const std::vector<Candidate>& candidates_;
  const RecipeFile& file_;
  const Reading& reading_;
  const Place& recipe_;
  const std::map<std::string, size_t> arms_with_;
};

}  // namespace

void CheckMetrics(const std::vector<Candidate>& candidates, const RecipeFile& file,
                  const Reading& reading, const Place& recipe) {
  for (const char* part : {"data", "upcycle", "model", "moe"}) {
    if (reading.places.IsAnyWrong(part)) return;
  }
  if (candidates.empty() || file.run.data.train.empty()) return;
  MetricChecks(candidates, file, reading, recipe).Check();
}

Goal GoalOf(const MetricSettings& metric, const Places& places) {
  if (places.Has("metric.goal")) return metric.goal;
  return UsualGoal(metric.name).value_or(metric.goal);
}

}  // namespace upcycle
