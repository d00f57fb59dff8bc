#include "results/differences/stage_difference.h"

#include <map>
#include <set>

#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

using nlohmann::json;

// What did the last attempt, without what is different each time: process, times, command line.
json ProvenanceOf(const StageSide& side) {
  const auto attempts = side.view.ledger().ReadAttempts(side.stage.id);
  if (attempts.empty()) return json::object();
  const AttemptStart& start = attempts.back().start;
  json provenance = json::parse(start.provenance, nullptr, false);
  if (!provenance.is_object()) provenance = json::object();
  provenance.erase("command_line");
  provenance["host"] = start.host;
  provenance["device"] = start.device;
  return provenance;
}

json SettingsOf(const StageSide& side) {
  return json::parse(side.view.ledger().ReadStageSettings(side.stage.id));
}

std::vector<SeriesDifference> CompareAllSeries(const StageSide& a, const StageSide& b,
                                               bool with_system) {
  std::set<std::string> metrics;
  for (const StageSide* side : {&a, &b}) {
    for (const auto& [metric, latest] : side->view.ledger().ReadLatest(side->stage.id)) {
      if (with_system || !IsSystemMetric(metric)) metrics.insert(metric);
    }
  }
  std::vector<SeriesDifference> found;
  for (const std::string& metric : metrics) {
    found.push_back(CompareSeries(metric, a.view.ledger().ReadPoints(a.stage.id, metric),
                                  b.view.ledger().ReadPoints(b.stage.id, metric)));
  }
  return found;
}

std::vector<ResultPair> CompareResults(const StageSide& a, const StageSide& b, bool with_system) {
  std::map<std::string, ResultPair> pairs;
  for (const Result& result : a.view.ledger().ReadResults(a.stage.id)) {
    pairs[result.metric].a = result.value;
  }
  for (const Result& result : b.view.ledger().ReadResults(b.stage.id)) {
    pairs[result.metric].b = result.value;
  }
  std::vector<ResultPair> found;
  for (auto& [metric, pair] : pairs) {
    if (IsSystemMetric(metric) && !with_system) continue;
    pair.metric = metric;
    found.push_back(pair);
  }
  return found;
}

// The task's own questions, and not those of tasks whose names go on behind its.
std::vector<Item> ItemsOf(const StageSide& side, const std::string& task) {
  std::vector<Item> items = side.view.ledger().ReadItems(side.stage.id, task);
  std::erase_if(items, [&](const Item& item) { return item.task != task; });
  return items;
}

std::vector<AnswerDifference> CompareAllAnswers(const StageSide& a, const StageSide& b) {
  std::set<std::string> tasks;
  for (const StageSide* side : {&a, &b}) {
    for (std::string& task : side->view.ledger().ReadTasks(side->stage.id)) {
      tasks.insert(std::move(task));
    }
  }
  std::vector<AnswerDifference> found;
  for (const std::string& task : tasks) {
    found.push_back(CompareAnswers(task, ItemsOf(a, task), ItemsOf(b, task)));
  }
  return found;
}

}  // namespace

bool ResultPair::IsSame() const { return a && b && SameBits(*a, *b); }

StageDifference CompareStages(const StagePlace& place, const StageSide& a, const StageSide& b,
                              bool with_system) {
  StageDifference found;
  found.place = place;
  found.same_fingerprint = a.stage.fingerprint == b.stage.fingerprint;
  found.state_a = a.stage.state;
  found.state_b = b.stage.state;
  found.same = found.same_fingerprint && a.view.path() == b.view.path();
  if (found.same) return found;
  found.settings = ChangesBetween(SettingsOf(a), SettingsOf(b));
  const json made_a = ProvenanceOf(a), made_b = ProvenanceOf(b);
  if (!made_a.empty() && !made_b.empty()) found.provenance = ChangesBetween(made_a, made_b);
  found.series = CompareAllSeries(a, b, with_system);
  found.results = CompareResults(a, b, with_system);
  found.answers = CompareAllAnswers(a, b);
  return found;
}

}  // namespace upcycle
