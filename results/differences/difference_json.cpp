#include <nlohmann/json.hpp>

#include "results/differences/difference.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

Json ValueJson(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json ChangesJson(const std::vector<SettingChange>& changes) {
  Json list = Json::array();
  for (const SettingChange& change : changes) {
    Json one = {{"path", change.path}};
    if (!change.was.is_discarded()) one["a"] = change.was;
    if (!change.is.is_discarded()) one["b"] = change.is;
    list.push_back(std::move(one));
  }
  return list;
}

Json PointJson(const std::optional<PointPair>& point) {
  if (!point) return {};
  return {
      {"step", point->step}, {"a", point->a}, {"b", point->b}, {"difference", point->Difference()}};
}

Json SeriesJson(const SeriesDifference& series) {
  Json points = Json::array();
  for (const PointPair& point : series.points) points.push_back(PointJson(point));
  return {{"metric", series.metric},
          {"steps", series.points.size()},
          {"differing", series.differing},
          {"only_a", series.only_a},
          {"only_b", series.only_b},
          {"first", PointJson(series.first)},
          {"largest", PointJson(series.largest)},
          {"points", std::move(points)}};
}

Json AnswersJson(const AnswerDifference& answers) {
  if (!answers.refused.empty()) return {{"task", answers.task}, {"refused", answers.refused}};
  return {{"task", answers.task},     {"asked", answers.asked},
          {"both", answers.both},     {"neither", answers.neither},
          {"only_a", answers.only_a}, {"only_b", answers.only_b},
          {"mcnemar_p", answers.p},   {"likelihoods_differ", answers.likelihoods}};
}

Json StageJson(const StageDifference& stage) {
  Json json = {{"stage", NameOf(stage.place)}};
  if (!stage.only.empty()) {
    json["only"] = stage.only;
    return json;
  }
  json["same"] = stage.same;
  json["same_fingerprint"] = stage.same_fingerprint;
  json["states"] = {NameOf(stage.state_a), NameOf(stage.state_b)};
  json["settings"] = ChangesJson(stage.settings);
  json["provenance"] = ChangesJson(stage.provenance);
  json["series"] = Json::array();
  for (const SeriesDifference& series : stage.series) json["series"].push_back(SeriesJson(series));
  json["results"] = Json::array();
  for (const ResultPair& pair : stage.results) {
    json["results"].push_back(
        {{"metric", pair.metric}, {"a", ValueJson(pair.a)}, {"b", ValueJson(pair.b)}});
  }
  json["answers"] = Json::array();
  for (const AnswerDifference& one : stage.answers) json["answers"].push_back(AnswersJson(one));
  return json;
}

}  // namespace

std::string DifferenceJson(const Difference& difference) {
  Json arms = Json::array();
  for (const ArmDifference& arm : difference.arms) {
    arms.push_back({{"a", arm.a}, {"b", arm.b}, {"settings", ChangesJson(arm.settings)}});
  }
  Json runs = Json::array();
  for (const RunDifference& run : difference.runs) {
    Json stages = Json::array();
    for (const StageDifference& stage : run.stages) stages.push_back(StageJson(stage));
    runs.push_back({{"a", {{"arm", run.arm_a}, {"seed", run.seed_a}}},
                    {"b", {{"arm", run.arm_b}, {"seed", run.seed_b}}},
                    {"stages", std::move(stages)}});
  }
  const Json all = {{"a", difference.a},
                    {"b", difference.b},
                    {"arms", std::move(arms)},
                    {"runs", std::move(runs)},
                    {"unpaired", difference.unpaired}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace upcycle
