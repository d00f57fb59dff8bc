#include "results/evidence/study_effects.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "results/comparison/metric_unit.h"
#include "results/comparison/seed_pairs.h"
#include "results/evidence/study_factors.h"
#include "results/statistics/factorial.h"
#include "results/statistics/importance.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// values[arm][seed] of the study's metric, over all seeds of the study.
std::vector<std::vector<double>> ValuesOf(const Comparison& comparison) {
  std::set<int64_t> seeds;
  for (const ArmComparison& arm : comparison.arms) {
    for (const RunOutcome& run : arm.runs) seeds.insert(run.seed);
  }
  std::vector<std::vector<double>> values;
  for (const ArmComparison& arm : comparison.arms) {
    std::map<int64_t, double> of_seed;
    for (const RunOutcome& run : arm.runs) {
      of_seed[run.seed] = ValueOf(run, comparison.metrics.front());
    }
    auto& row = values.emplace_back();
    for (const int64_t seed : seeds) {
      row.push_back(of_seed.contains(seed) ? of_seed.at(seed) : kNone);
    }
  }
  return values;
}

// Whether a seed has values in two arms, without which there is no effect at all.
bool HasAnyPair(const Comparison& comparison) {
  const auto values = ValuesOf(comparison);
  for (size_t seed = 0; !values.empty() && seed < values.front().size(); ++seed) {
    const auto has_value = [&](const auto& of_arm) { return std::isfinite(of_arm[seed]); };
    if (std::ranges::count_if(values, has_value) > 1) return true;
  }
  return false;
}

// Why effects cannot be taken of the arms, whatever their design; or empty.
std::string WhyNone(const Comparison& comparison) {
  if (comparison.table.IsSequential()) {
    return "Seeds came until arms were decided, so that arms have unlike ones: effects over "
           "several arms have no test.";
  }
  for (const ArmComparison& arm : comparison.arms) {
    const ArmComparison& first = comparison.arms.front();
    const std::string why =
        WhyNotComparable(comparison.metrics.front(), arm.measured, first.measured, first.name);
    if (!why.empty()) return fmt::format("Arms do not compare: {}: {}.", arm.name, why);
  }
  return "";
}

Table EffectTable(std::string title, const Comparison& comparison) {
  const std::string unit = UnitOfMetric(comparison.metrics.front());
  Table table;
  table.title = std::move(title);
  table.columns = {
      {"effect", "effect"},
      {unit.empty() ? "difference" : "difference, " + unit, "difference", Notation::kSignedEstimate,
       comparison.table.digits},
      {"seeds", "seeds"},
      {"adjusted p", "adjusted_p", Notation::kProbability},
  };
  return table;
}

void AddEffect(std::string name, const Effect& effect, Table* table) {
  const Summary& difference = effect.pairs.difference;
  const bool is_whole = effect.missing == 0;
  const int64_t seeds = difference.count + effect.missing;
  table->rows.push_back(
      {{.text = std::move(name)},
       is_whole ? Cell{.value = difference.mean, .half_width = difference.half_width} : Cell{},
       {.text =
            is_whole ? fmt::format("{}", seeds) : fmt::format("{}/{}", difference.count, seeds)},
       {.value = effect.adjusted_p}});
}

// "moe.top_k: 2 → 4"; a third level is set against the mean of those before it.
std::string ContrastName(const StudyFactors& factors, const LevelContrast& contrast) {
  const StudyFactor& factor = factors.factors[contrast.factor];
  const auto before = factor.levels.begin() + static_cast<long>(contrast.level);
  return fmt::format("{}: {} → {}", factor.name, fmt::join(factor.levels.begin(), before, " and "),
                     factor.levels[contrast.level]);
}

Table ShareTable(const StudyFactors& factors, const FactorialAnalysis& analysis) {
  Table table;
  table.title = "Share of the variation of the arms' means";
  table.columns = {{"of", "of"}, {.title = "share", .key = "share", .right = true}};
  double rest = 1;
  for (const FactorialTerm& term : analysis.terms) {
    rest -= term.share;
    std::vector<std::string> names;
    for (const size_t factor : term.factors) names.push_back(factors.factors[factor].name);
    table.rows.push_back({{.text = fmt::format("{}", fmt::join(names, " × "))},
                          {.text = std::isfinite(term.share) ? PercentText(term.share, 1) : ""}});
  }
  // A balanced grid's shares add up to 1.
  if (factors.factors.size() > 2 && std::isfinite(rest)) {
    table.rows.push_back(
        {{.text = "three and more together"}, {.text = PercentText(std::fmax(rest, 0), 1)}});
  }
  return table;
}

// Cells in the order in which the last factor changes fastest.
size_t PlaceInGrid(const StudyFactors& factors, const std::vector<size_t>& levels) {
  size_t place = 0;
  for (size_t i = 0; i < levels.size(); ++i) {
    place = place * factors.factors[i].levels.size() + levels[i];
  }
  return place;
}

FactorialGrid GridOf(const StudyFactors& factors, const Comparison& comparison) {
  const auto values = ValuesOf(comparison);
  FactorialGrid grid;
  for (const StudyFactor& factor : factors.factors) grid.levels.push_back(factor.levels.size());
  grid.values.assign(values.front().size(), std::vector<double>(values.size()));
  for (size_t arm = 0; arm < values.size(); ++arm) {
    const size_t cell = PlaceInGrid(factors, factors.cells[arm]);
    for (size_t seed = 0; seed < values[arm].size(); ++seed) {
      grid.values[seed][cell] = values[arm][seed];
    }
  }
  return grid;
}

void AddGrid(const StudyFactors& factors, const Comparison& comparison, StudyEffects* effects) {
  const FactorialAnalysis analysis =
      AnalyseGrid(GridOf(factors, comparison), comparison.table.interval);
  Table mains = EffectTable("Main effects, over all levels of the others", comparison);
  Table interactions =
      EffectTable("Interactions: how much one effect differs by another", comparison);
  for (const FactorialContrast& contrast : analysis.contrasts) {
    const std::string first = ContrastName(factors, contrast.of.front());
    if (contrast.of.size() == 1) {
      AddEffect(first, contrast.effect, &mains);
    } else {
      AddEffect(fmt::format("{} by {}", first, ContrastName(factors, contrast.of.back())),
                contrast.effect, &interactions);
    }
  }
  effects->introduction =
      "The arms are a full grid, so that each setting's effect rests on all of them. A difference "
      "is that of the level behind the arrow less those before it, seed by seed; p is adjusted by "
      "Holm's correction over all these effects, apart from the verdicts.";
  effects->tables.push_back(std::move(mains));
  if (!interactions.rows.empty()) effects->tables.push_back(std::move(interactions));
  effects->tables.push_back(ShareTable(factors, analysis));
}

Ablation AblationOf(const StudyFactors& factors, const Comparison& comparison) {
  const auto values = ValuesOf(comparison);
  std::vector<ChangedCell> cells;
  for (size_t arm = 0; arm < values.size(); ++arm) {
    uint64_t changes = 0;
    for (size_t i = 0; i < factors.factors.size(); ++i) {
      if (factors.cells[arm][i] == 1) changes |= uint64_t{1} << i;
    }
    cells.push_back({changes, values[arm]});
  }
  return AnalyseAblation(cells, factors.factors.size(), comparison.table.interval);
}

void AddAblation(const StudyFactors& factors, const Comparison& comparison, StudyEffects* effects) {
  const Ablation ablation = AblationOf(factors, comparison);
  const auto name = [&](size_t change) { return ContrastName(factors, {change, 1}); };
  Table table = EffectTable("Effects of single changes", comparison);
  const auto add = [&](std::string row, const std::optional<Effect>& effect) {
    if (effect) AddEffect(std::move(row), *effect, &table);
  };
  for (const ChangeImportance& found : ablation.importances) {
    add(name(found.change) + ", alone", found.added);
    add(name(found.change) + ", beside all others", found.left_out);
    add(name(found.change) + ", the second less the first", found.dependence);
  }
  for (const ChangeInteraction& found : ablation.interactions) {
    const std::string both = fmt::format("{} by {}", name(found.first), name(found.second));
    add(both + ", around the baseline", found.from_none);
    add(both + ", around all changes", found.from_all);
  }
  effects->introduction =
      "The arms are sets of changes to the baseline. Each row is a paired difference, seed by "
      "seed; p is adjusted by Holm's correction over all of these effects, apart from the "
      "verdicts.";
  effects->tables.push_back(std::move(table));
}

}  // namespace

StudyEffects EffectsOf(const Comparison& comparison, const nlohmann::json& recipe) {
  StudyEffects effects;
  effects.why_not =
      "Effects are those of a full grid of two or more settings, or of sets of changes to a "
      "baseline, and the arms of this study are neither.";
  if (comparison.arms.size() < 3) return effects;
  const StudyFactors factors = FactorsOf(comparison, recipe);
  if (factors.factors.size() == 1) {
    effects.why_not = fmt::format(
        "This study varies {} alone: what each of its values is worth is the table of the arms.",
        factors.factors.front().name);
  }
  if (factors.factors.size() < 2) return effects;
  const bool is_grid = factors.IsFullGrid();
  if (!is_grid && !(factors.AllHaveTwoLevels() && factors.factors.size() <= kMostChanges)) {
    return effects;
  }
  effects.why_not = "No seed has a value in two arms yet, so that there are no effects.";
  if (!HasAnyPair(comparison)) return effects;
  effects.has_design = true;
  effects.why_not = WhyNone(comparison);
  if (!effects.why_not.empty()) return effects;
  is_grid ? AddGrid(factors, comparison, &effects) : AddAblation(factors, comparison, &effects);
  return effects;
}

}  // namespace upcycle
