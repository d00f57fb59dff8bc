#include "results/ledger/study_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

Json JsonOf(const StageRecord& stage) {
  Json inputs = Json::array();
  for (const Fingerprint& input : stage.inputs) inputs.push_back(input.Hex());
  return {{"fingerprint", stage.fingerprint.Hex()},
          {"kind", stage.kind},
          {"settings", Json::parse(stage.settings)},
          {"inputs", std::move(inputs)}};
}

StageRecord StageFrom(const Json& json) {
  StageRecord stage = {
      .fingerprint = Fingerprint::FromHex(json.at("fingerprint").get<std::string>()),
      .kind = json.at("kind"),
      .settings = json.at("settings").dump(),
      .inputs = {}};
  for (const std::string hex : json.at("inputs")) stage.inputs.push_back(Fingerprint::FromHex(hex));
  return stage;
}

Json JsonOf(const RunRecord& run) {
  Json stages = Json::array();
  for (const auto& [place, stage] : run.stages) {
    stages.push_back({NameOf(place.role), place.number, stage.Hex()});
  }
  return {{"seed", run.seed}, {"stages", std::move(stages)}};
}

RunRecord RunFrom(const Json& json) {
  RunRecord run = {.seed = json.at("seed"), .stages = {}};
  for (const Json& stage : json.at("stages")) {
    const StagePlace place(StageRoleFromName(stage.at(0).get<std::string>()), stage.at(1));
    run.stages[place] = Fingerprint::FromHex(stage.at(2).get<std::string>());
  }
  return run;
}

Json JsonOf(const ArmRecord& arm) {
  Json runs = Json::array();
  for (const RunRecord& run : arm.runs) runs.push_back(JsonOf(run));
  return {{"name", arm.name},
          {"changes", Json::parse(arm.changes)},
          {"settings", Json::parse(arm.settings)},
          {"cost", Json::parse(JsonFromCost(arm.cost))},
          {"runs", std::move(runs)}};
}

ArmRecord ArmFrom(const Json& json) {
  ArmRecord arm = {.name = json.at("name"),
                   .changes = json.at("changes").dump(),
                   .settings = json.at("settings").dump(),
                   .cost = CostFromJson(json.at("cost").dump())};
  for (const Json& run : json.at("runs")) arm.runs.push_back(RunFrom(run));
  return arm;
}

StudyRecord Read(const Json& json) {
  StudyRecord study;
  study.name = json.at("name");
  study.description = json.at("description");
  study.recipe = json.at("recipe").dump();
  study.metric = json.at("metric");
  study.preference = PreferenceFromName(json.at("goal").get<std::string>());
  study.baseline = json.at("baseline");
  study.matched_on = json.at("matched_on");
  study.table = TableSpecFromJson(json.at("table").dump());
  for (const Json& stage : json.at("stages")) study.stages.push_back(StageFrom(stage));
  for (const Json& arm : json.at("arms")) study.arms.push_back(ArmFrom(arm));
  return study;
}

}  // namespace

Json JsonOf(const StudyRecord& study) {
  Json stages = Json::array(), arms = Json::array();
  for (const StageRecord& stage : study.stages) stages.push_back(JsonOf(stage));
  for (const ArmRecord& arm : study.arms) arms.push_back(JsonOf(arm));
  return {{"name", study.name},
          {"description", study.description},
          {"recipe", Json::parse(study.recipe)},
          {"metric", study.metric},
          {"goal", NameOf(study.preference)},
          {"baseline", study.baseline},
          {"matched_on", study.matched_on},
          {"table", Json::parse(JsonFromTableSpec(study.table))},
          {"stages", std::move(stages)},
          {"arms", std::move(arms)}};
}

StudyRecord StudyFromJson(const Json& json) {
  try {
    return Read(json);
  } catch (const Json::exception& error) {
    throw Error(Cause::kInput,
                fmt::format("the record of a study cannot be understood: {}", error.what()));
  }
}

}  // namespace upcycle
