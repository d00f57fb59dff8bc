#include "results/status/status.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/setting_paths.h"

namespace upcycle {
namespace {

// What trainers record about their progress, beside the events of results/ledger/journal_events.h.
constexpr const char* kLoss = "train/loss";
constexpr const char* kTokensPerSecond = "system/tokens_per_second";

constexpr const char* kInterrupted = "interrupted; the same command goes on";

// A stage and whom it serves: the first run, and how many there are.
struct StageUse {
  size_t place = 0;  // in StudyFacts::stages
  std::string first_run;
  int64_t runs = 0;
};

// In the order of the recipe.
std::vector<StageUse> UsesOfStages(const StudyFacts& study) {
  std::vector<StageUse> uses;
  std::vector<std::optional<size_t>> use_of_stage(study.stages.size());
  for (const ArmFacts& arm : study.arms) {
    for (const RunFacts& run : arm.runs) {
      for (const auto& [place, stage] : run.stages) {
        if (!use_of_stage[stage]) {
          use_of_stage[stage] = uses.size();
          uses.push_back({stage, fmt::format("{}, seed {}", arm.name, run.seed), 0});
        }
        ++uses[*use_of_stage[stage]].runs;
      }
    }
  }
  return uses;
}

std::optional<double> ValueOf(const std::map<std::string, MetricPoint>& latest,
                              const char* metric) {
  const auto found = latest.find(metric);
  if (found == latest.end() || !std::isfinite(found->second.value)) return std::nullopt;
  return found->second.value;
}

// Of a training, from what its fingerprint was made of; 0 for other stages. Steps of a batch that
// still grows read less, so the time that is left is overrated until it is whole.
double TokensPerStep(const std::string& settings) {
  const auto json = nlohmann::json::parse(settings);
  double tokens = 1;
  for (const char* path : {"train.batch_sequences", "model.sequence_length"}) {
    const nlohmann::json* factor = FindSetting(json, path);
    if (factor == nullptr || !factor->is_number()) return 0;
    tokens *= factor->get<double>();
  }
  return tokens;
}

std::optional<double> SecondsLeft(const StageStatus& status, double tokens_per_step) {
  const double rate = status.tokens_per_second.value_or(0);
  const int64_t steps = status.stage.steps - status.stage.step;
  if (rate <= 0 || tokens_per_step <= 0 || steps <= 0) return std::nullopt;
  return static_cast<double>(steps) * tokens_per_step / rate;
}

void ReadProgress(LedgerReader& ledger, StageStatus* status) {
  const auto latest = ledger.ReadLatest(status->stage.id);
  status->loss = ValueOf(latest, kLoss);
  status->tokens_per_second = ValueOf(latest, kTokensPerSecond);
  status->seconds_left =
      SecondsLeft(*status, TokensPerStep(ledger.ReadStageSettings(status->stage.id)));
}

void AddStage(LedgerReader& ledger, const StageFacts& stage, const StageUse& use,
              size_t most_details, StudyStatus* study) {
  ++study->stages[static_cast<size_t>(stage.state)];
  StageStatus status = {.stage = stage,
                        .user = use.runs == 1 ? use.first_run : fmt::format("{} runs", use.runs),
                        .runs = use.runs};
  switch (stage.state) {
    case StageState::kRunning:
      if (study->running.size() < most_details) {
        status.attempts = ledger.ReadAttempts(stage.id);
        ReadProgress(ledger, &status);
      }
      study->running.push_back(std::move(status));
      return;
    case StageState::kWaiting:
      study->waiting.push_back(std::move(status));
      return;
    case StageState::kFailed:
    case StageState::kDiverged:
    case StageState::kStopped:
    case StageState::kPruned:
      if (study->ended_early.size() < most_details) {
        status.attempts = ledger.ReadAttempts(stage.id);
      }
      study->ended_early.push_back(std::move(status));
      return;
    case StageState::kPlanned:
      if (!stage.reason.empty()) study->held_back.push_back(std::move(status));
      return;
    case StageState::kComplete:
      return;
  }
}

// What nobody is at any more.
void MarkInterrupted(StudyFacts* study) {
  for (StageFacts& stage : study->stages) {
    if (stage.state != StageState::kRunning) continue;
    stage.state = StageState::kStopped;
    stage.reason = kInterrupted;
  }
}

void CountRuns(LedgerReader& ledger, const StudyFacts& facts, StudyStatus* status) {
  const std::set<int64_t> touched = ledger.ReadStagesOfLastLaunch(facts.name);
  for (const ArmFacts& arm : facts.arms) {
    for (const RunFacts& run : arm.runs) {
      const StageState state = StateOfRun(facts, run);
      ++status->runs[static_cast<size_t>(state)];
      const bool is_new = std::ranges::any_of(run.stages, [&](const auto& stage) {
        return touched.contains(facts.stages[stage.second].id);
      });
      if (state == StageState::kComplete && !is_new && !touched.empty()) ++status->kept;
    }
  }
}

}  // namespace

StudyStatus StatusOfStudy(LedgerReader& ledger, const StatusOptions& options, StudyFacts* facts) {
  if (!options.scheduler_at_work) MarkInterrupted(facts);
  StudyStatus status = {.name = facts->name};
  CountRuns(ledger, *facts, &status);
  for (const HoldSet& hold : ledger.ReadHolds()) {
    if (hold.scope.study == facts->name) status.holds.push_back(hold);
  }
  for (const StageUse& use : UsesOfStages(*facts)) {
    AddStage(ledger, facts->stages[use.place], use, options.most_details, &status);
  }
  return status;
}

std::vector<StudyStatus> ReadStatus(LedgerReader& ledger, const StatusOptions& options) {
  const Transaction snapshot = ledger.Snapshot();
  const std::vector<std::string> names =
      options.study ? std::vector<std::string>{*options.study} : ledger.StudyNames();
  std::vector<StudyStatus> statuses;
  for (const std::string& name : names) {
    StudyFacts facts = ledger.ReadStudy(name);
    statuses.push_back(StatusOfStudy(ledger, options, &facts));
  }
  return statuses;
}

}  // namespace upcycle
