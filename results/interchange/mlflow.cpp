// The layout that MLflow's FileStore reads (mlflow/store/tracking/file_store.py):
//   EXPERIMENT/meta.yaml
//   EXPERIMENT/RUN/meta.yaml, metrics/KEY (a line "milliseconds value step" for each value),
//   params/KEY, tags/KEY, artifacts/
// Values of YAML are written as JSON, which YAML includes but for the way that it escapes letters.
#include <cctype>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/fingerprint.h"
#include "core/setting_paths.h"
#include "core/utf8.h"
#include "results/interchange/export_folder.h"
#include "results/interchange/interchange.h"
#include "results/interchange/safe_names.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

Fingerprint IdentityOf(std::initializer_list<std::string_view> words) {
  Hasher hasher;
  for (const std::string_view word : words) hasher.Add(word);
  return hasher.Finish();
}

// 18 digits, as MLflow makes its own.
std::string ExperimentId(const std::string& study) {
  constexpr uint64_t kFirst = 100'000'000'000'000'000;
  return std::to_string(kFirst + IdentityOf({"experiment", study}).high() % (9 * kFirst));
}

std::string RunId(const std::string& study, const RunValues& run) {
  return IdentityOf({"run", study, run.arm, std::to_string(run.seed)}).Hex();
}

// Of mlflow.entities.RunStatus.
int StatusOf(StageState state) {
  constexpr int kRunning = 1, kScheduled = 2, kFinished = 3, kFailed = 4, kKilled = 5;
  switch (state) {
    case StageState::kComplete:
      return kFinished;
    case StageState::kRunning:
      return kRunning;
    case StageState::kFailed:
    case StageState::kDiverged:
      return kFailed;
    case StageState::kStopped:
    case StageState::kPruned:
      return kKilled;
    default:
      return kScheduled;
  }
}

int64_t Milliseconds(double seconds) { return std::llround(seconds * 1000); }

// Letters beyond ASCII as \UXXXXXXXX: JSON would escape 😀 as two halves, which YAML refuses, as it
// does control characters that stand there as they are.
std::string YamlValue(const Json& value) {
  const std::string json = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string yaml;
  for (std::string_view rest = json; !rest.empty();) {
    const DecodedCharacter character = DecodeCharacter(rest);
    const bool plain = character.code_point < 0x7F;
    yaml += plain ? std::string(rest.substr(0, 1)) : fmt::format("\\U{:08X}", character.code_point);
    rest.remove_prefix(character.bytes);
  }
  return yaml;
}

std::string Yaml(const Json& fields) {
  std::string text;
  for (const auto& [key, value] : fields.items()) {
    text += fmt::format("{}: {}\n", key, YamlValue(value));
  }
  return text;
}

// As an address: everything but the plainest signs as %XX.
std::string FileUri(const fs::path& path) {
  std::string uri = "file://";
  for (const char c : path.native()) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("/-_.~").find(c) != std::string_view::npos;
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri;
}

NamedTexts MetricsOf(const RunValues& run) {
  NamedTexts metrics;
  const auto line = [](const StageValues& stage, int64_t time_step, int64_t step, double value) {
    return fmt::format("{} {} {}\n", Milliseconds(stage.TimeAt(time_step)), value, step);
  };
  const StageValues* train = run.StageAt(StageRole::kTrain);
  const int64_t end = train != nullptr ? train->LastStep() : 0;
  for (const StageValues& stage : run.stages) {
    for (const MetricSeries& series : stage.series) {
      std::string lines;
      for (const auto& [step, value] : series.points) lines += line(stage, step, step, value);
      metrics.emplace_back(CurveName(stage.place, series.metric), std::move(lines));
    }
    for (const Result& result : stage.results) {
      metrics.emplace_back(ResultName(stage.place, result.metric),
                           line(stage, stage.LastStep(), end, result.value));
    }
  }
  return metrics;
}

NamedTexts ParametersOf(const RunValues& run) {
  NamedTexts parameters;
  VisitSettings(nlohmann::json::parse(run.settings), PlainLists::kItemByItem,
                [&](const std::string& path, const nlohmann::json& value) {
                  parameters.emplace_back(path, SettingText(value));
                });
  return parameters;
}

NamedTexts TagsOf(const std::string& study, const RunValues& run) {
  return {{"mlflow.runName", fmt::format("{}/{}", run.arm, run.seed)},
          {"mlflow.source.name", "upcycle"},
          {"mlflow.source.type", "LOCAL"},
          {"mlflow.user", "upcycle"},
          {"upcycle.study", study},
          {"upcycle.arm", run.arm},
          {"upcycle.seed", std::to_string(run.seed)},
          {"upcycle.state", std::string(NameOf(run.state))}};
}

void WriteAllOf(const NamedTexts& entries, const fs::path& place, ExportFolder& folder) {
  folder.MakeFolder(place);
  std::vector<std::string> names;
  for (const auto& [name, text] : entries) names.push_back(name);
  const std::vector<std::string> keys = SafeNames(names, SafeNameKind::kKey);
  for (size_t i = 0; i < keys.size(); ++i) folder.Write(place / keys[i], entries[i].second);
}

Json RunMeta(const std::string& study, const RunValues& run, const fs::path& artifacts) {
  const StageValues* train = run.StageAt(StageRole::kTrain);
  const bool is_over = run.state == StageState::kComplete && !run.stages.empty();
  const StageValues* last = is_over ? &run.stages.back() : nullptr;
  return {{"artifact_uri", FileUri(artifacts)},
          {"end_time", last != nullptr && last->ended ? Json(Milliseconds(*last->ended)) : Json()},
          {"entry_point_name", ""},
          {"experiment_id", ExperimentId(study)},
          {"lifecycle_stage", "active"},
          {"run_id", RunId(study, run)},
          {"run_name", fmt::format("{}/{}", run.arm, run.seed)},
          {"run_uuid", RunId(study, run)},
          {"source_name", ""},
          {"source_type", 4},
          {"source_version", ""},
          {"start_time", train != nullptr ? Milliseconds(train->TimeAt(0)) : 0},
          {"status", StatusOf(run.state)},
          {"tags", Json::array()},
          {"user_id", "upcycle"}};
}

void WriteExperiment(const std::string& study, ExportFolder& folder) {
  const std::string id = ExperimentId(study);
  folder.Write(fs::path(id) / "meta.yaml",
               Yaml({{"artifact_location", FileUri(folder.target() / id)},
                     {"creation_time", 0},
                     {"experiment_id", id},
                     {"last_update_time", 0},
                     {"lifecycle_stage", "active"},
                     {"name", study}}));
}

}  // namespace

void WriteMlflow(const fs::path& ledger, const std::string& study, ValueChoice choice,
                 const fs::path& target) {
  RunReader runs(ledger, study, choice);
  ExportFolder folder(target, "mlflow", study);
  WriteExperiment(study, folder);
  runs.ForEachRun([&](const RunValues& run) {
    const fs::path place = fs::path(ExperimentId(study)) / RunId(study, run);
    const fs::path artifacts = folder.target() / place / "artifacts";
    folder.Write(place / "meta.yaml", Yaml(RunMeta(study, run, artifacts)));
    folder.MakeFolder(place / "artifacts");
    WriteAllOf(MetricsOf(run), place / "metrics", folder);
    WriteAllOf(ParametersOf(run), place / "params", folder);
    WriteAllOf(TagsOf(study, run), place / "tags", folder);
    folder.NameRun(run, place);
  });
  folder.Commit();
}

}  // namespace upcycle
