#include <cmath>

#include <nlohmann/json.hpp>

#include "results/export/comparison_json.h"
#include "results/findings/report.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json ContrastJson(const Contrast& contrast) {
  const Summary& difference = contrast.pairs.difference;
  return {{"arm", contrast.arm},
          {"than", contrast.than},
          {"metric", contrast.metric},
          {"at", contrast.at},
          {"pairs", difference.count},
          {"difference", NumberOrNull(difference.mean)},
          {"half_width", NumberOrNull(difference.half_width)},
          {"reference", NumberOrNull(contrast.reference)},
          {"p", NumberOrNull(contrast.pairs.p)},
          {"adjusted_p", NumberOrNull(contrast.adjusted_p)},
          {"alike_within", contrast.alike_within},
          {"verdict", NameOf(contrast.support)},
          {"reason", contrast.reason}};
}

Json FindingJson(const Finding& finding) {
  const Claim& claim = finding.claim;
  Json json = {{"id", claim.id},          {"claim", claim.claim},
               {"where", claim.where},    {"number", claim.number},
               {"study", finding.study},  {"verdict", NameOf(finding.support)},
               {"because", claim.because}};
  if (finding.counted) {
    json["count"] = {{"quantity", NameOf(finding.counted->quantity)},
                     {"ours", finding.counted->ours},
                     {"theirs", finding.counted->theirs}};
  } else {
    json["contrasts"] = Json::array();
    for (const Contrast& contrast : finding.contrasts) {
      json["contrasts"].push_back(ContrastJson(contrast));
    }
  }
  return json;
}

}  // namespace

std::string FindingsJson(const FindingsReport& report) {
  Json findings = Json::array(), studies = Json::array();
  for (const Finding& finding : report.findings) findings.push_back(FindingJson(finding));
  for (const Comparison& study : report.studies) studies.push_back(Json::parse(ToJson(study)));
  const Json json = {{"paper", report.paper},
                     {"title", report.text.title},
                     {"source", report.text.source},
                     {"authors", report.text.authors},
                     {"size", report.size},
                     {"command", report.command},
                     {"spent",
                      {{"core_seconds", report.spent.core_seconds},
                       {"train_flops", report.spent.train_flops},
                       {"complete_stages", report.spent.complete},
                       {"stages", report.spent.stages}}},
                     {"findings", std::move(findings)},
                     {"studies", std::move(studies)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace upcycle
