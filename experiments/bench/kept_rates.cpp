#include "experiments/bench/kept_rates.h"

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/build_info.h"
#include "core/error.h"
#include "core/process_identity.h"
#include "core/stopwatch.h"

namespace upcycle {
namespace {

using nlohmann::json;

json ReadAll(const fs::path& path) {
  if (!fs::exists(path)) return json::object();
  try {
    json all = json::parse(ReadTextFile(path));
    return all.is_object() ? all : json::object();
  } catch (const json::exception&) {
    return json::object();  // measured anew
  } catch (const Error&) {
    return json::object();
  }
}

}  // namespace

Fingerprint ProbeIdentity(const Stage& training, const std::vector<Gpu>& gpus, int cores) {
  json part = {{"model", training.settings.at("model")},
               {"vocabulary", training.settings.at("vocabulary")},
               {"moe", training.settings.value("moe", json())}};
  const json& train = training.execution.at("train");
  for (const char* key : {"batch_sequences", "micro_batch_sequences", "precision"}) {
    part[key] = train.at(key);
  }
  part["moments"] = train.at("optimizer").at("moments");
  for (const char* key : {"recompute", "expert_path", "offload_optimizer"}) {
    part[key] = training.execution.at(key);
  }
  Hasher hasher;
  hasher.Add(BuildFingerprint()).Add(HostName()).Add(static_cast<uint64_t>(cores)).Add(part.dump());
  for (const Gpu& gpu : gpus) hasher.Add(gpu.name);
  return hasher.Finish();
}

std::vector<DivisionRate> KeptRates::Find(const Fingerprint& identity) const {
  const json all = ReadAll(path_);
  std::vector<DivisionRate> rates;
  try {
    if (!all.contains(identity.Hex())) return {};
    for (const json& row : all.at(identity.Hex()).at("rates")) {
      rates.push_back({.division = {row.at("jobs"), row.at("threads")},
                       .steps_per_second = row.at("steps_per_second"),
                       .problem = row.at("problem")});
    }
  } catch (const json::exception&) {
    return {};
  }
  return rates;
}

void KeptRates::Keep(const Fingerprint& identity, const std::vector<DivisionRate>& rates) const {
  json rows = json::array();
  for (const DivisionRate& rate : rates) {
    rows.push_back({{"jobs", rate.division.jobs},
                    {"threads", rate.division.threads},
                    {"steps_per_second", rate.steps_per_second},
                    {"problem", rate.problem}});
  }
  json all = ReadAll(path_);
  all[identity.Hex()] = {{"build", BuildFingerprint()},
                         {"host", HostName()},
                         {"time", UnixSeconds()},
                         {"rates", rows}};
  WriteFileAtomically(path_, all.dump(2) + "\n");
}

}  // namespace upcycle
