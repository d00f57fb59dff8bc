#include "results/ledger/records.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace upcycle {
namespace {

template <NamedEnum E>
E FromName(std::string_view name, std::string_view what) {
  if (const auto value = ValueNamed<E>(name)) return *value;
  throw Error(Cause::kBug, fmt::format("\"{}\" is not a {}", name, what));
}

// The word under a key; the usual one where the key is missing, as it came later.
template <NamedEnum E>
E StoredWord(const nlohmann::json& object, const char* key, E usual) {
  return FromName<E>(object.value(key, std::string(NameOf(usual))), key);
}

nlohmann::json ParseObject(std::string_view json) {
  auto parsed = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_object()) return parsed;
  throw Error(Cause::kInput, fmt::format("\"{}\" should be an object of JSON", json));
}

}  // namespace

StageRole StageRoleFromName(std::string_view name) {
  return FromName<StageRole>(name, "role of a stage");
}

std::string NameOf(const StagePlace& place) {
  const std::string role(NameOf(place.role));
  const bool is_several = place.role == StageRole::kBranch || place.role == StageRole::kBenchmark;
  return is_several ? fmt::format("{}_{}", role, place.number) : role;
}

StageState StageStateFromName(std::string_view name) {
  return FromName<StageState>(name, "state of a stage");
}

bool IsOutcome(StageState state) {
  switch (state) {
    case StageState::kComplete:
    case StageState::kFailed:
    case StageState::kDiverged:
    case StageState::kStopped:
    case StageState::kPruned:
      return true;
    case StageState::kPlanned:
    case StageState::kWaiting:
    case StageState::kRunning:
      return false;
  }
  return false;
}

Preference PreferenceFromName(std::string_view name) {
  return FromName<Preference>(name, "goal of a metric");
}

std::string StoredObject(std::string json) {
  ParseObject(json);
  return json;
}

std::string JsonFromCost(const ArmCost& cost) {
  return nlohmann::json{{"parameters_total", cost.parameters_total},
                        {"parameters_active", cost.parameters_active},
                        {"train_flops", cost.train_flops},
                        {"train_tokens", cost.train_tokens},
                        {"parent_train_flops", cost.parent_train_flops},
                        {"branch_train_flops", cost.branch_train_flops},
                        {"experts", cost.experts}}
      .dump();
}

ArmCost CostFromJson(std::string_view json) {
  const auto cost = ParseObject(json);
  return {.parameters_total = cost.value("parameters_total", 0.0),
          .parameters_active = cost.value("parameters_active", 0.0),
          .train_flops = cost.value("train_flops", 0.0),
          .train_tokens = cost.value("train_tokens", 0.0),
          .parent_train_flops = cost.value("parent_train_flops", 0.0),
          .branch_train_flops = cost.value("branch_train_flops", 0.0),
          .experts = cost.value("experts", int64_t{0})};
}

std::string JsonFromTableSpec(const TableSpec& spec) {
  return nlohmann::json{{"rows", spec.rows},
                        {"columns", spec.columns},
                        {"cell", NameOf(spec.cell)},
                        {"bold", NameOf(spec.bold)},
                        {"sort", spec.sort},
                        {"only_changed", spec.only_changed},
                        {"interval", spec.interval},
                        {"digits", spec.digits},
                        {"margin", spec.margin},
                        {"first_seeds", spec.first_seeds},
                        {"most_seeds", spec.most_seeds}}
      .dump();
}

TableSpec TableSpecFromJson(std::string_view json) {
  const auto spec = ParseObject(json);
  const TableSpec usual;
  return {.rows = spec.value("rows", usual.rows),
          .columns = spec.value("columns", usual.columns),
          .cell = StoredWord(spec, "cell", usual.cell),
          .bold = StoredWord(spec, "bold", usual.bold),
          .sort = spec.value("sort", usual.sort),
          .only_changed = spec.value("only_changed", usual.only_changed),
          .interval = spec.value("interval", 0.95),
          .digits = spec.value("digits", int64_t{5}),
          .margin = spec.value("margin", 0.0),
          .first_seeds = spec.value("first_seeds", int64_t{0}),
          .most_seeds = spec.value("most_seeds", int64_t{0})};
}

bool IsSystemMetric(std::string_view name) { return name.starts_with("system/"); }

}  // namespace upcycle
