// A study small enough to be run many times in a test: every kind of stage, in seconds.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>

#include "results/ledger/ledger.h"
#include "results/ledger/ledger_reader.h"
#include "tests/temporary_folder.h"

namespace upcycle {

inline constexpr const char* kTinyRecipe = R"(
name: tiny
model: {layers: 2, width: 16, heads: 2, ffn_width: 24, sequence_length: 32}
data:
  tokenizer: bytes
  train: [{kind: atlas, people: 8}]
parent:
  train: {tokens: 20k, batch_sequences: 8, log_every: 5, validate_every: 20, validate_sequences: 4,
          learning_rate: {warmup_steps: 5}}
moe: {expansion: 4, capacity_factor: 1.25, router: {balance_scope: global}}
train: {tokens: 15k, batch_sequences: 8, micro_batch_sequences: 4, log_every: 5, validate_every: 20,
        validate_sequences: 4, checkpoint_seconds: 0.05, learning_rate: {warmup_steps: 5}}
evaluate: {sequences: 8, questions: 8}
arms:
  - {name: dense, upcycle: none}
  - {name: moe, upcycle: copy}
seeds: [0, 1, 2]
allow: [unequal_compute, untuned_rate]  # a test's study compares nothing
)";

// Everything that a ledger knows and that must not depend on luck: for each stage its state, its
// results and every recorded point but those of `system/`.
struct LedgerContent {
  std::map<std::string, std::string> states;  // by fingerprint
  std::map<std::pair<std::string, std::string>, std::map<int64_t, double>>
      points;                     // by stage, metric
  std::set<std::string> results;  // each as a line
};

inline LedgerContent ContentOf(const std::filesystem::path& root, const std::string& study) {
  LedgerReader ledger(root / "ledger.sqlite");
  LedgerContent content;
  for (const StageFacts& stage : ledger.ReadStudy(study).stages) {
    const std::string name = stage.fingerprint.Hex();
    content.states[name] = NameOf(stage.state);
    for (const auto& [metric, latest] : ledger.ReadLatest(stage.id)) {
      if (IsSystemMetric(metric)) continue;
      auto& values = content.points[{name, metric}];
      for (const MetricPoint& point : ledger.ReadPoints(stage.id, metric))
        values[point.step] = point.value;
    }
  }
  Database database = OpenLedgerForReading(root / "ledger.sqlite");
  Statement rows = database.Prepare(
      "SELECT stage.fingerprint || ' ' || metric.name || ' ' || printf('%!.17g', value) || ' ' || "
      "coalesce(printf('%!.17g', standard_error), '') || ' ' || coalesce(count, '') "
      "FROM result JOIN stage ON stage.id = result.stage JOIN metric ON metric.id = result.metric "
      "UNION ALL SELECT stage.fingerprint || ' ' || task || ' ' || number || ' ' || record || ' ' "
      "|| correct || ' ' || log_likelihoods FROM item JOIN stage ON stage.id = item.stage");
  while (rows.Step()) content.results.insert(rows.Text(0));
  return content;
}

// Every value in which they differ, a line each; empty where they are equal bit by bit.
inline std::string DifferencesBetween(const LedgerContent& a, const LedgerContent& b) {
  std::string lines;
  const auto add = [&](const auto&... words) {
    std::ostringstream line;
    line.precision(17);
    (line << ... << words);
    lines += line.str() + "\n";
  };
  for (const auto& [stage, state] : a.states) {
    const auto other = b.states.find(stage);
    if (other == b.states.end()) {
      add(stage, " is only in the first");
    } else if (other->second != state) {
      add(stage, ": ", state, " against ", other->second);
    }
  }
  if (a.states.size() != b.states.size()) add(a.states.size(), " stages against ", b.states.size());
  const auto compare = [&](const LedgerContent& from, const LedgerContent& to, bool values) {
    for (const auto& [key, points] : from.points) {
      for (const auto& [step, value] : points) {
        const auto series = to.points.find(key);
        const bool there = series != to.points.end() && series->second.contains(step);
        if (!there) {
          add(key.first, " ", key.second, " at ", step, " is missing in the ",
              values ? "second" : "first");
        } else if (values && series->second.at(step) != value) {
          add(key.first, " ", key.second, " at ", step, ": ", value, " against ",
              series->second.at(step));
        }
      }
    }
  };
  compare(a, b, true);
  compare(b, a, false);
  for (const std::string& line : a.results) {
    if (!b.results.contains(line)) add("only in the first: ", line);
  }
  for (const std::string& line : b.results) {
    if (!a.results.contains(line)) add("only in the second: ", line);
  }
  return lines;
}

}  // namespace upcycle
