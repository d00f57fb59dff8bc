#include "core/recipe/factors.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/recipe/canonical.h"
#include "core/recipe/reader.h"
#include "core/setting_paths.h"

namespace upcycle {
namespace {

// The settings that change no result.
class SpeedPaths {
 public:
  SpeedPaths(std::string parent, std::set<std::string>& paths)
      : parent_(std::move(parent)), paths_(paths) {}

  void Shorthand(const char*) {}
  template <typename V>
  void Field(const char* name, const V&, const FieldInfo& info) {
    if (info.effect == Effect::kSpeed) paths_.insert(JoinPath(parent_, name));
  }
  template <typename T>
  void Group(const char* name, const T& settings, const char*) {
    SpeedPaths inner(JoinPath(parent_, name), paths_);
    T::Describe(settings, inner);
  }
  template <typename T>
  void List(const char*, const std::vector<T>&, const char*) {}

 private:
  std::string parent_;
  std::set<std::string>& paths_;
};

// What only a run with experts reads, and what decides whether it has them.
bool IsOfUpcycling(std::string_view path) {
  return path.starts_with("upcycle.") || path.starts_with("moe.") ||
         path == "evaluate.capacity_factor";
}

// A ramp is one choice, however many numbers describe it.
std::string FactorPathOf(const std::string& path) {
  constexpr std::string_view kRamp = ".batch_ramp.";
  const size_t at = path.find(kRamp);
  return at == path.npos ? path : path.substr(0, at + kRamp.size() - 1);
}

Factor UpcyclingOf(const RunSettings& settings) {
  const std::string method = SettingText(ToJson(settings.upcycle.method));
  return {kUpcycling, method,
          AllSettings(settings.upcycle).dump() + AllSettings(settings.moe).dump()};
}

// Arms in sets: those that single steps lead to from one another.
class Components {
 public:
  explicit Components(size_t count) : parents_(count) {
    std::iota(parents_.begin(), parents_.end(), 0);
  }
  size_t Find(size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  void Join(size_t a, size_t b) { parents_[Find(a)] = Find(b); }

 private:
  std::vector<size_t> parents_;
};

constexpr size_t kNone = static_cast<size_t>(-1);

// All factors but one, in a form that is equal for equal factors.
std::string KeyWithout(const Factors& factors, size_t left_out) {
  std::string key;
  for (size_t i = 0; i < factors.size(); ++i) {
    if (i != left_out) key += fmt::format("{}\n{}\n", factors[i].name, factors[i].key);
  }
  return key;
}

}  // namespace

FactorFinder::FactorFinder(const Candidate& reference, MatchOn match)
    : reference_(reference),
      settings_(EffectiveSettings(reference.arm.settings)),
      reductions_(FindReductions(reference.arm.settings)) {
  SpeedPaths speed("", ignored_);
  RunSettings::Describe(settings_, speed);
  if (match != MatchOn::kNone) ignored_.insert("train.tokens");
}

std::set<std::string> FactorFinder::PathsOf(const Candidate& candidate) const {
  std::set<std::string> paths;
  for (const Arm* arm : {&candidate.arm, &reference_.arm}) {
    for (const ArmChange& change : arm->changes) {
      if (!ignored_.contains(change.path)) paths.insert(FactorPathOf(change.path));
    }
  }
  return paths;
}

bool FactorFinder::IsUnused(const std::string& path,
                            const std::vector<Reduction>& reductions) const {
  return std::any_of(reductions.begin(), reductions.end(), [&](const Reduction& reduction) {
    return reduction.is_unused && IsWithin(path, reduction.path);
  });
}

bool FactorFinder::MayHaveSeveral(const Candidate& candidate) const {
  return candidate.arm.changes.size() + reference_.arm.changes.size() > 1;
}

Factors FactorFinder::Of(const Candidate& candidate) const {
  const RunSettings settings = EffectiveSettings(candidate.arm.settings);
  const std::vector<Reduction> reductions = FindReductions(candidate.arm.settings);
  Factors factors;
  const bool upcycles = settings.HasExperts() != settings_.HasExperts();
  if (upcycles) factors.push_back(UpcyclingOf(settings));
  for (const std::string& path : PathsOf(candidate)) {
    if (upcycles && IsOfUpcycling(path)) continue;
    if (IsUnused(path, reductions) || IsUnused(path, reductions_)) continue;
    const nlohmann::json value = SettingAt(settings, path);
    if (value == SettingAt(settings_, path)) continue;
    factors.push_back({path, SettingText(value), value.dump()});
  }
  std::sort(factors.begin(), factors.end(),
            [](const Factor& a, const Factor& b) { return a.name < b.name; });
  return factors;
}

std::vector<bool> AreIsolated(const std::vector<Factors>& arms) {
  // One more than there are arms: what has no factor.
  Components components(arms.size() + 1);
  std::map<std::string, size_t> by_key = {{"", arms.size()}};
  for (size_t i = 0; i < arms.size(); ++i) {
    const auto [same, is_new] = by_key.try_emplace(KeyWithout(arms[i], kNone), i);
    if (!is_new) components.Join(i, same->second);
  }
  std::map<std::pair<std::string, std::string>, size_t> by_rest;
  for (size_t i = 0; i < arms.size(); ++i) {
    for (size_t left_out = 0; left_out < arms[i].size(); ++left_out) {
      const std::string rest = KeyWithout(arms[i], left_out);
      if (const auto fewer = by_key.find(rest); fewer != by_key.end()) {
        components.Join(i, fewer->second);
      }
      const auto [other, is_new] = by_rest.try_emplace({rest, arms[i][left_out].name}, i);
      if (!is_new) components.Join(i, other->second);
    }
  }
  std::vector<bool> isolated;
  for (size_t i = 0; i < arms.size(); ++i) {
    isolated.push_back(components.Find(i) == components.Find(arms.size()));
  }
  return isolated;
}

}  // namespace upcycle
