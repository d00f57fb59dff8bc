#include "core/recipe/recipe.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/plural.h"
#include "core/recipe/canonical.h"
#include "core/recipe/cost.h"
#include "core/recipe/decision_steps.h"
#include "core/recipe/metric_checks.h"
#include "core/recipe/seed_plan.h"
#include "core/recipe/sources.h"

namespace upcycle {
namespace {

using nlohmann::json;

void CheckStudy(RecipeSources& sources) {
  const RecipeFile& file = sources.file();
  const Reading reading = sources.reading();
  if (file.name.empty() && !reading.places.IsWrong("name")) {
    reading.diagnostics.Error(sources.beginning(), "the recipe has no name",
                              "name: …, under which its results are found");
  }
  if (!file.seeds.paired) {
    reading.diagnostics.Error(
        reading.places.Find("seeds.paired").value_or(sources.beginning()),
        "seeds are always paired: random numbers are a function of seed, name and step alone, so "
        "arms of one seed share data order and noise",
        "paired: true, or nothing");
  }
}

void CheckRuns(size_t arms, size_t seeds, RecipeSources& sources) {
  const Reading reading = sources.reading();
  if (arms * seeds <= kMaximumRuns) return;
  reading.diagnostics.Error(
      reading.places.Find("seeds").value_or(sources.beginning()),
      fmt::format("{} arms with {} seeds are {} runs, more than the {} that a study can have", arms,
                  seeds, arms * seeds, kMaximumRuns),
      fmt::format("at most {} seeds, or fewer arms", kMaximumRuns / arms));
}

void CheckMatch(const ArmSet& set, const std::vector<ArmBudget>& budgets,
                const MatchSettings& match, const Place& place, Diagnostics& diagnostics) {
  if (match.on == MatchOn::kNone) return;
  const RunSettings& baseline = set.arms[set.baseline].settings;
  for (size_t i = 0; i < set.arms.size(); ++i) {
    if (budgets[i].is_capped) {
      diagnostics.Error(place,
                        fmt::format("to match the baseline's {}, arm \"{}\" would need more than "
                                    "{:.3g} tokens",
                                    NameOf(match.on), set.arms[i].name, kMostTokens),
                        "fewer train.tokens");
      continue;
    }
    const double mismatch = std::abs(budgets[i].mismatch);
    if (mismatch <= match.tolerance) continue;
    const int64_t tokens =
        TokensForTolerance(baseline, set.arms[i].settings, match.on, match.tolerance);
    const double percent = std::ceil(1e4 * mismatch) / 100;  // rounded up: it must suffice
    std::string remedy = fmt::format("match.tolerance of at least {}%", percent);
    if (tokens > 0) remedy = fmt::format("train.tokens of at least {}, or {}", tokens, remedy);
    diagnostics.Error(
        place,
        fmt::format("in whole batches arm \"{}\" differs from the baseline's {} by {:.3g}%, more "
                    "than the tolerance of {:.3g}%",
                    set.arms[i].name, NameOf(match.on), 100 * mismatch, 100 * match.tolerance),
        remedy);
  }
}

// Arms are compared where their validations fall.
void CheckEarlyStopping(const ArmSet& set, const EarlyStoppingSettings& stopping,
                        const Place& place, Diagnostics& diagnostics) {
  if (stopping.method == EarlyStoppingMethod::kNone) return;
  for (const Arm& arm : set.arms) {
    if (!DecisionSteps(arm.settings, stopping).empty()) continue;
    diagnostics.Error(
        place,
        fmt::format("arm \"{}\" trains for {} steps and has no validation near {:g} of them, "
                    "where early stopping would compare it",
                    arm.name, TrainSteps(arm.settings.train, arm.settings.model), stopping.first),
        "a smaller train.validate_every, or a later early_stopping.first");
    return;
  }
}

std::vector<RecipeWarning> WarningsOf(const Diagnostics& diagnostics) {
  std::vector<RecipeWarning> warnings;
  for (const Diagnostic& diagnostic : diagnostics.Sorted()) {
    warnings.push_back({diagnostic.place.ToString(), diagnostic.message, TextOf(diagnostic)});
  }
  return warnings;
}

}  // namespace

Recipe LoadRecipe(const std::filesystem::path& path, const std::vector<std::string>& overrides,
                  const FileKnowledge& files, const std::string& size) {
  RecipeSources sources(files.readers);
  Diagnostics& diagnostics = sources.diagnostics();
  sources.ReadRecipe(path, size);
  for (const std::string& text : overrides) sources.ReadOverride(text);
  if (!sources.IsWhole()) diagnostics.ThrowIfErrors();
  CheckStudy(sources);
  const RecipeFile& file = sources.file();
  ArmSet set = ExpandArms(file, files, sources.reading(), sources.beginning());
  const std::vector<int64_t> seeds = PlannedSeeds(file, sources.reading(), sources.beginning());
  CheckRuns(set.arms.size(), seeds.size(), sources);
  diagnostics.ThrowIfErrors();

  std::vector<ArmBudget> budgets = MatchTokens(set, file.match.on);
  const Place match = sources.reading().places.Find("match").value_or(sources.beginning());
  CheckMatch(set, budgets, file.match, match, diagnostics);
  const Place stopping =
      sources.reading().places.Find("early_stopping").value_or(sources.beginning());
  CheckEarlyStopping(set, file.early_stopping, stopping, diagnostics);
  diagnostics.ThrowIfErrors();

  Recipe recipe;
  for (const SizeText& known : file.sizes.list) recipe.sizes.push_back(known.name);
  recipe.size = sources.size();
  recipe.name = file.name;
  if (!recipe.sizes.empty() && recipe.size != recipe.sizes.front()) {
    recipe.name += "-" + recipe.size;
  }
  recipe.description = file.description;
  recipe.path = path;
  recipe.base = std::move(set.base);
  recipe.arms = std::move(set.arms);
  recipe.twins = std::move(set.twins);
  recipe.baseline = set.baseline;
  recipe.budgets = std::move(budgets);
  recipe.seeds = seeds;
  if (file.seeds.until == SeedsUntil::kDecided) recipe.seeds_before_look = file.seeds.first;
  recipe.metric = {file.metric.name, GoalOf(file.metric, sources.reading().places),
                   file.metric.margin};
  recipe.match = file.match;
  recipe.budget = file.budget;
  recipe.early_stopping = file.early_stopping;
  recipe.table = file.table;
  recipe.warnings = WarningsOf(diagnostics);
  return recipe;
}

std::string DescribeRecipe(const Recipe& recipe) {
  std::string text = fmt::format(
      "{}: {} × {} = {}\n", recipe.name, Plural(recipe.arms.size(), "arm"),
      Plural(recipe.seeds.size(), "seed"), Plural(recipe.arms.size() * recipe.seeds.size(), "run"));
  if (recipe.seeds_before_look > 0) {
    text += fmt::format("at most: from {} seeds on, arms get another only until they are decided\n",
                        recipe.seeds_before_look);
  }
  if (!recipe.description.empty()) text += fmt::format("{}\n", recipe.description);
  if (!recipe.sizes.empty()) {
    text += fmt::format("size {} of {}\n", recipe.size, fmt::join(recipe.sizes, ", "));
  }
  for (size_t i = 0; i < recipe.arms.size(); ++i) {
    const Arm& arm = recipe.arms[i];
    std::string changes;
    for (const ArmChange& change : arm.changes) {
      changes += fmt::format(
          "{}{}={}", changes.empty() ? ": " : ", ", change.path,
          change.value.is_string() ? change.value.get<std::string>() : change.value.dump());
    }
    text += fmt::format("  {} {}{}\n", i == recipe.baseline ? '*' : ' ', arm.name, changes);
  }
  return text + DescribeTwins(recipe);
}

std::string DescribeTwins(const Recipe& recipe) {
  std::string text;
  for (const TwinArm& twin : recipe.twins) {
    text += fmt::format("  = {}: the run of {}{}{}\n", twin.name, twin.kept,
                        twin.why.empty() ? "" : ": ", twin.why);
  }
  return text;
}

json TwinsJson(const Recipe& recipe) {
  json twins = json::array();
  for (const TwinArm& twin : recipe.twins) {
    twins.push_back({{"name", twin.name}, {"kept", twin.kept}, {"why", twin.why}});
  }
  return twins;
}

json ResolvedRecipe(const Recipe& recipe) {
  json arms = json::array();
  for (const Arm& arm : recipe.arms) {
    json changes = json::object();
    for (const ArmChange& change : arm.changes) changes[change.path] = change.value;
    arms.push_back(
        {{"name", arm.name}, {"changes", changes}, {"tokens", arm.settings.train.tokens}});
  }
  json study;
  study["metric"] = AllSettings(recipe.metric);
  study["match"] = AllSettings(recipe.match);
  study["budget"] = AllSettings(recipe.budget);
  study["early_stopping"] = AllSettings(recipe.early_stopping);
  study["table"] = AllSettings(recipe.table);
  study["seeds"] = recipe.seeds;
  study["seeds_before_look"] = recipe.seeds_before_look;
  study["baseline"] = recipe.arms[recipe.baseline].name;
  return {{"name", recipe.name},
          {"description", recipe.description},
          {"base", AllSettings(recipe.base)},
          {"size", recipe.size},
          {"arms", arms},
          {"twins", TwinsJson(recipe)},
          {"study", study}};
}

}  // namespace upcycle
