#include "results/evidence/evidence_json.h"

#include <nlohmann/json.hpp>

#include "results/evidence/evidence_notes.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

Json TestJson(const OtherTest& test, bool exact) {
  return {{"p", test.p},
          {"exact", exact},
          {"adjusted_p", test.adjusted_p},
          {"least_adjusted_p", test.least_adjusted},
          {"disagrees", test.disagrees}};
}

void AddOtherTests(const OtherTests& tests, Json* json) {
  (*json)["sign_flip"] = TestJson(tests.sign_flip_test, tests.sign_flip.exact);
  (*json)["wilcoxon"] = TestJson(tests.ranks_test, tests.ranks.exact);
  (*json)["bootstrap"] = {{"low", tests.bootstrap.low},
                          {"high", tests.bootstrap.high},
                          {"warning", tests.bootstrap.warning},
                          {"disagrees", tests.bootstrap_disagrees}};
  (*json)["effect_size"] = {{"d_z", tests.size.cohen},
                            {"g_z", tests.size.hedges},
                            {"low", tests.size.low},
                            {"high", tests.size.high}};
  (*json)["level_of_power"] = tests.reach.level;
  (*json)["detectable_difference"] = tests.reach.detectable;
  const auto& needed = tests.reach.seeds_needed;
  (*json)["seeds_needed"] = needed ? Json(*needed) : Json();
}

}  // namespace

Json EvidenceJson(const ArmEvidence& arm) {
  Json json = {{"arm", arm.arm->name},
               {"verdict", NameOf(arm.judgement.verdict)},
               {"pairs", arm.judgement.pairs.difference.count},
               {"difference", arm.difference.mean},
               {"half_width", arm.difference.half_width},
               {"adjusted_p", arm.judgement.adjusted_p},
               {"adjusted_equivalence_p", arm.judgement.adjusted_equivalence_p}};
  if (arm.others) AddOtherTests(*arm.others, &json);
  json["noise_floor"] = arm.floor;
  return json;
}

Json EvidenceJson(const Evidence& evidence, const Comparison& comparison) {
  Json arms = Json::array();
  for (const ArmEvidence& arm : evidence.arms) {
    if (arm.arm->shown) arms.push_back(EvidenceJson(arm));
  }
  return {{"comparisons", evidence.family},
          {"level", evidence.level},
          {"sequential", evidence.is_sequential},
          {"noise_floor",
           {{"runs_of", comparison.baseline},
            {"runs", evidence.floor_runs},
            {"deviation", evidence.floor.deviation},
            {"largest_deviation", evidence.floor.largest_deviation}}},
          {"arms", std::move(arms)},
          {"notes", EvidenceNotes(evidence, comparison)}};
}

}  // namespace upcycle
