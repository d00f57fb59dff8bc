// What each setting is worth, where the arms are a full grid of settings or sets of changes.

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "results/plots/kinds.h"
#include "results/report/html.h"
#include "results/report/sections.h"
#include "results/report/study_factors.h"
#include "results/statistics/factorial.h"
#include "results/statistics/importance.h"

namespace upcycle {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostEffects = 60;

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
      const auto found = run.values.find(comparison.metrics.front());
      if (found != run.values.end()) of_seed[run.seed] = found->second.value;
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

// Why effects cannot be taken of this study at all; or empty.
std::string WhyNone(const Comparison& comparison) {
  if (comparison.table.most_seeds > 0) {
    return "Seeds came until arms were decided, so that arms have unlike ones: effects over "
           "several "
           "arms have no test.";
  }
  for (const ArmComparison& arm : comparison.arms) {
    const ArmComparison& first = comparison.arms.front();
    const std::string why =
        WhyNotComparable(comparison.metrics.front(), arm.measured, first.measured, first.name);
    if (!why.empty()) return fmt::format("Arms do not compare: {}: {}.", arm.name, why);
  }
  return "";
}

class EffectTable {
 public:
  EffectTable(std::string title, const Comparison& comparison) {
    const std::string unit = AxisOfMetric(comparison.metrics.front()).unit;
    table_.title = std::move(title);
    table_.columns = {
        {"effect", "effect"},
        {unit.empty() ? "difference" : "difference, " + unit, "difference",
         Notation::kSignedEstimate, comparison.table.digits},
        {"seeds", "seeds"},
        {"adjusted p", "adjusted_p", Notation::kProbability},
    };
  }

  void Add(std::string name, const Effect& effect) {
    const Summary& difference = effect.pairs.difference;
    const bool is_whole = effect.missing == 0;
    const int64_t seeds = difference.count + effect.missing;
    table_.rows.push_back(
        {{.text = std::move(name)},
         is_whole ? Cell{.value = difference.mean, .half_width = difference.half_width} : Cell{},
         {.text =
              is_whole ? fmt::format("{}", seeds) : fmt::format("{}/{}", difference.count, seeds)},
         {.value = effect.adjusted_p}});
  }

  std::string Finish() && {
    const size_t all = table_.rows.size();
    if (all > kMostEffects) table_.rows.resize(kMostEffects);
    std::string text = html::TableOf(table_);
    if (all > kMostEffects) {
      text +=
          html::Paragraph(fmt::format("Of {} effects the first {} are shown.", all, kMostEffects));
    }
    return text;
  }

 private:
  Table table_;
};

// "moe.top_k: 2 → 4"; a third level is set against the mean of those before it.
std::string ContrastName(const StudyFactors& factors, const LevelContrast& contrast) {
  const StudyFactor& factor = factors.factors[contrast.factor];
  const auto before = factor.levels.begin() + static_cast<long>(contrast.level);
  return fmt::format("{}: {} → {}", factor.name, fmt::join(factor.levels.begin(), before, " and "),
                     factor.levels[contrast.level]);
}

Table ShareTable(const StudyFactors& factors, const FactorialAnalysis& analysis) {
  Table table = html::EmptyTable("Share of the variation of the arms' means",
                                 {{"of", "of"}, {.title = "share", .key = "share", .right = true}});
  for (const FactorialTerm& term : analysis.terms) {
    std::vector<std::string> names;
    for (const size_t factor : term.factors) names.push_back(factors.factors[factor].name);
    table.rows.push_back(
        {{.text = fmt::format("{}", fmt::join(names, " × "))},
         {.text = std::isfinite(term.share) ? fmt::format("{:.1f} %", 100 * term.share) : ""}});
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

std::string GridText(const StudyFactors& factors, const Comparison& comparison) {
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
  const FactorialAnalysis analysis = AnalyseGrid(grid, comparison.table.interval);
  EffectTable mains("Main effects, over all levels of the others", comparison);
  EffectTable interactions("Interactions: how much one effect differs by another", comparison);
  bool has_interactions = false;
  for (const FactorialContrast& contrast : analysis.contrasts) {
    const std::string first = ContrastName(factors, contrast.of.front());
    if (contrast.of.size() == 1) {
      mains.Add(first, contrast.effect);
    } else {
      has_interactions = true;
      interactions.Add(fmt::format("{} by {}", first, ContrastName(factors, contrast.of.back())),
                       contrast.effect);
    }
  }
  std::string text = html::Paragraph(
      "The arms are a full grid, so that each setting's effect rests on all of them. A difference "
      "is that of the level behind the arrow less those before it, seed by seed; p is adjusted by "
      "Holm's correction over all effects of this section, apart from the table's verdicts.");
  text += std::move(mains).Finish();
  if (has_interactions) text += std::move(interactions).Finish();
  return text + html::TableOf(ShareTable(factors, analysis));
}

std::string AblationText(const StudyFactors& factors, const Comparison& comparison) {
  const auto values = ValuesOf(comparison);
  std::vector<ChangedCell> cells;
  for (size_t arm = 0; arm < values.size(); ++arm) {
    uint64_t changes = 0;
    for (size_t i = 0; i < factors.factors.size(); ++i) {
      if (factors.cells[arm][i] == 1) changes |= uint64_t{1} << i;
    }
    cells.push_back({changes, values[arm]});
  }
  const Ablation ablation =
      AnalyseAblation(cells, factors.factors.size(), comparison.table.interval);
  const auto name = [&](size_t change) { return ContrastName(factors, {change, 1}); };
  EffectTable table("Effects of single changes", comparison);
  for (const ChangeImportance& found : ablation.importances) {
    if (found.added) table.Add(name(found.change) + ", alone", *found.added);
    if (found.left_out) table.Add(name(found.change) + ", beside all others", *found.left_out);
    if (found.dependence)
      table.Add(name(found.change) + ", the second less the first", *found.dependence);
  }
  for (const ChangeInteraction& found : ablation.interactions) {
    const std::string both = fmt::format("{} by {}", name(found.first), name(found.second));
    if (found.from_none) table.Add(both + ", around the baseline", *found.from_none);
    if (found.from_all) table.Add(both + ", around all changes", *found.from_all);
  }
  return html::Paragraph(
             "The arms are sets of changes to the baseline. Each row is a paired difference, seed "
             "by seed; p is adjusted by Holm's correction over all effects of this section, apart "
             "from the table's verdicts.") +
         std::move(table).Finish();
}

}  // namespace

std::string EffectsSection(const ReportInput& input) {
  const Comparison& comparison = input.comparison;
  if (comparison.arms.size() < 3) return "";
  const StudyFactors factors = FactorsOf(comparison, input.recipe);
  if (factors.factors.size() < 2) return "";
  const bool is_ablation = factors.AllHaveTwoLevels() && factors.factors.size() <= kMostChanges;
  if (!factors.IsFullGrid() && !is_ablation) return "";
  if (const std::string why = WhyNone(comparison); !why.empty()) return html::Paragraph(why);
  if (!HasAnyPair(comparison)) return "";
  return factors.IsFullGrid() ? GridText(factors, comparison) : AblationText(factors, comparison);
}

}  // namespace upcycle
