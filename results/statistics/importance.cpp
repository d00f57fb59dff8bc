#include "results/statistics/importance.h"

#include <map>

#include "core/check.h"

namespace upcycle {
namespace {

using Values = std::vector<double>;

class Cells {
 public:
  Cells(std::span<const ChangedCell> cells, double level) : level_(level) {
    for (const ChangedCell& cell : cells) {
      UPCYCLE_CHECK_EQ(cell.values.size(), cells.front().values.size());
      UPCYCLE_CHECK(values_.emplace(cell.changes, cell.values).second);
    }
  }

  // The sum of the cells of the first list less that of the second; empty where one is not there.
  std::optional<Effect> Between(std::initializer_list<uint64_t> with,
                                std::initializer_list<uint64_t> without) const {
    const auto first = Sum(with), second = Sum(without);
    if (!first || !second) return std::nullopt;
    return EffectBetween(*first, *second, level_);
  }

 private:
  std::optional<Values> Sum(std::initializer_list<uint64_t> cells) const {
    Values sum;
    for (const uint64_t cell : cells) {
      const auto found = values_.find(cell);
      if (found == values_.end()) return std::nullopt;
      sum.resize(found->second.size(), 0);
      for (size_t seed = 0; seed < sum.size(); ++seed) sum[seed] += found->second[seed];
    }
    return sum;
  }

  double level_;
  std::map<uint64_t, Values> values_;
};

uint64_t Bit(size_t change) { return uint64_t{1} << change; }

uint64_t AllOf(size_t changes) { return changes == kMostChanges ? ~uint64_t{0} : Bit(changes) - 1; }

ChangeImportance ImportanceOf(const Cells& cells, size_t change, uint64_t all) {
  const uint64_t one = Bit(change), others = all & ~one;
  ChangeImportance importance = {.change = change,
                                 .left_out = cells.Between({all}, {others}),
                                 .added = cells.Between({one}, {0}),
                                 .dependence = {}};
  if (all != one) importance.dependence = cells.Between({all, 0}, {others, one});
  return importance;
}

std::optional<ChangeInteraction> InteractionOf(const Cells& cells, size_t first, size_t second,
                                               uint64_t all) {
  const uint64_t a = Bit(first), b = Bit(second);
  ChangeInteraction interaction = {.first = first,
                                   .second = second,
                                   .from_none = cells.Between({a | b, 0}, {a, b}),
                                   .from_all = {}};
  if (all != (a | b)) {
    interaction.from_all = cells.Between({all, all & ~(a | b)}, {all & ~a, all & ~b});
  }
  if (!interaction.from_none && !interaction.from_all) return std::nullopt;
  return interaction;
}

bool IsDecided(const std::optional<Effect>& effect, double level) {
  return effect && effect->adjusted_p <= 1 - level;  // a NaN is not
}

Agreement AgreementOf(const ChangeImportance& importance, double level) {
  if (IsDecided(importance.dependence, level)) return Agreement::kDepends;
  if (!IsDecided(importance.left_out, level) || !IsDecided(importance.added, level)) {
    return Agreement::kUnclear;
  }
  const double among = importance.left_out->pairs.difference.mean;
  const double alone = importance.added->pairs.difference.mean;
  return (among < 0) == (alone < 0) ? Agreement::kAlike : Agreement::kUnclear;
}

}  // namespace

Ablation AnalyseAblation(std::span<const ChangedCell> given, size_t changes, double level) {
  UPCYCLE_CHECK(changes >= 1 && changes <= kMostChanges && level > 0 && level < 1);
  const Cells cells(given, level);
  const uint64_t all = AllOf(changes);
  Ablation ablation;
  for (size_t i = 0; i < changes; ++i) {
    ablation.importances.push_back(ImportanceOf(cells, i, all));
    for (size_t j = i + 1; j < changes; ++j) {
      if (auto found = InteractionOf(cells, i, j, all)) {
        ablation.interactions.push_back(std::move(*found));
      }
    }
  }
  std::vector<Effect*> family;
  const auto add = [&](std::optional<Effect>& effect) {
    if (effect) family.push_back(&*effect);
  };
  for (ChangeImportance& importance : ablation.importances) {
    add(importance.left_out);
    // With a single change, added and left out are one effect.
    if (changes == 1) continue;
    add(importance.added);
    // With two, both dependences are the interaction, which is tested once.
    if (changes > 2) add(importance.dependence);
  }
  for (ChangeInteraction& interaction : ablation.interactions) {
    add(interaction.from_none);
    add(interaction.from_all);
  }
  AdjustTogether(family);
  if (changes == 1) ablation.importances[0].added = ablation.importances[0].left_out;
  if (changes == 2 && !ablation.interactions.empty()) {
    for (ChangeImportance& one : ablation.importances) {
      one.dependence = ablation.interactions[0].from_none;
    }
  }
  for (ChangeImportance& importance : ablation.importances) {
    importance.agreement = AgreementOf(importance, level);
  }
  return ablation;
}

}  // namespace upcycle
