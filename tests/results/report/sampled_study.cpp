#include "tests/results/report/sampled_study.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "tests/results/fixture.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

constexpr int64_t kSteps = 1000;  // of each training

struct Factor {
  const char* path;
  const char* word;  // of it in names
  double first;      // level i is first·2^i
  double worth;      // of each level, in nats
};
constexpr std::array<Factor, 5> kFactors = {{{"moe.top_k", "top", 1, -0.021},
                                             {"moe.granularity", "G", 1, -0.013},
                                             {"train.learning_rate.peak", "rate ", 0.001, 0.009},
                                             {"moe.capacity_factor", "capacity ", 0.5, -0.002},
                                             {"moe.router.z_loss", "z ", 0.0005, 0.0004}}};

// The levels of the arm at this place: the last factor changes fastest.
std::vector<size_t> LevelsAt(size_t place, const std::vector<size_t>& levels) {
  std::vector<size_t> at(levels.size());
  for (size_t i = levels.size(); i-- > 0; place /= levels[i]) at[i] = place % levels[i];
  return at;
}

// A whole number where it is one, as recipes have it.
Json ValueAt(size_t factor, size_t level) {
  const double value = kFactors[factor].first * static_cast<double>(1 << level);
  return value == std::floor(value) ? Json(static_cast<int64_t>(value)) : Json(value);
}

std::string NameAt(const SampledStudy& how, const std::vector<size_t>& levels) {
  std::string name = how.arm;
  for (size_t i = 0; i < levels.size(); ++i) {
    name += fmt::format("{}{}{:g}", name.empty() ? "" : ", ", kFactors[i].word,
                        ValueAt(i, levels[i]).get<double>());
  }
  return name.empty() ? "dense" : name;
}

// Made up, and of no order: within ±0.5.
double Noise(size_t arm, int64_t seed, int64_t step) {
  const double mixed =
      std::sin(12.9898 * static_cast<double>(arm + 1) + 78.233 * static_cast<double>(seed + 1) +
               37.719 * static_cast<double>(step)) *
      43758.5453;
  return mixed - std::floor(mixed) - 0.5;
}

double LossAt(const std::vector<size_t>& levels, size_t arm, int64_t seed, int64_t step) {
  double loss = 2.4 + 1.5 / (1 + 0.02 * static_cast<double>(step));
  for (size_t i = 0; i < levels.size(); ++i) {
    loss += kFactors[i].worth * static_cast<double>(levels[i]);
  }
  return loss + 0.01 * Noise(0, seed, 0) + 0.004 * Noise(arm, seed, step);
}

// Settings as a recipe has them, one in another, with these levels of what differs.
Json SettingsAt(const std::vector<size_t>& levels) {
  Json settings = {{"model", {{"sequence_length", 64}}},
                   {"train", {{"batch_sequences", 16}, {"tokens", 1'024'000}}}};
  for (size_t i = 0; i < levels.size(); ++i) {
    std::string place = fmt::format("/{}", kFactors[i].path);
    std::ranges::replace(place, '.', '/');
    settings[Json::json_pointer(place)] = ValueAt(i, levels[i]);
  }
  return settings;
}

StudyRecord RecordOf(const SampledStudy& how, size_t arms) {
  std::vector<std::string> names;
  std::vector<int64_t> seeds;
  for (size_t i = 0; i < arms; ++i) names.push_back(NameAt(how, LevelsAt(i, how.levels)));
  for (int64_t seed = 0; seed < how.seeds; ++seed) seeds.push_back(seed);
  StudyRecord study = StudyOf(names, seeds);
  study.name = how.name;
  study.description = "What each setting of a mixture is worth, at equal compute.";
  study.stages.front().settings = R"({"content": "32146320663765a0", "split": {"seed": 3}})";
  study.matched_on = "train_flops";
  study.table.only_changed = how.settings;
  const Json base = SettingsAt(std::vector<size_t>(how.levels.size(), 0));
  study.recipe = Json{{"base", base}, {"name", how.name}}.dump();
  for (size_t i = 0; i < arms; ++i) {
    const std::vector<size_t> levels = LevelsAt(i, how.levels);
    Json changes = Json::object();
    for (size_t f = 0; f < levels.size(); ++f) changes[kFactors[f].path] = ValueAt(f, levels[f]);
    study.arms[i].changes = changes.dump();
    study.arms[i].settings = SettingsAt(levels).dump();
    study.arms[i].cost = {.parameters_total = 1e6 * static_cast<double>(i + 1),
                          .parameters_active = 5e5,
                          .train_flops = 7.2e12,
                          .train_tokens = 1'024'000,
                          .experts = 8};
  }
  return study;
}

std::vector<JournalRecord> Training(const SampledStudy& how, size_t arm, int64_t seed) {
  const std::vector<size_t> levels = LevelsAt(arm, how.levels);
  std::vector<JournalRecord> records = {
      Event(AttemptStart{.host = "node-1", .pid = 7, .device = "cpu (2 threads)", .time = 1e9})};
  for (int64_t i = 1; i <= how.points; ++i) {
    const int64_t step = kSteps * i / how.points;
    const double loss = LossAt(levels, arm, seed, step);
    records.push_back(Point("train/loss", step, loss + 0.05 * Noise(arm, seed, step + 1)));
    records.push_back(Point("validation/loss", step, loss));
    records.push_back(
        Point("train/learning_rate", step, 1e-3 * (1 + std::cos(3.1 * i / how.points))));
    records.push_back(Point("system/tokens_per_second", step, 1e5));
  }
  const bool complete = how.end == StageState::kComplete;
  AttemptEnd end = {.outcome = how.end, .time = 1e9 + 60};
  end.wall_seconds = 60, end.cpu_seconds = 110, end.peak_memory_bytes = 70'000'000;
  if (!complete) {
    end.cause = "memory";
    end.message =
        "out of memory: 2.147 GB were asked for and 1.1 GB are left; ask for less with "
        "train.batch_sequences, or run fewer at once with -j";
  }
  records.push_back(Event(end));
  return records;
}

void RecordRun(const SampledStudy& how, size_t arm, const std::string& name, int64_t seed,
               LedgerWriter* ledger) {
  if (how.end == StageState::kPlanned) return;
  const std::vector<JournalRecord> train = Training(how, arm, seed);
  if (how.end != StageState::kComplete) {
    IngestNext(*ledger, StageFor(StageRole::kTrain, name, seed), train);
    ledger->SetStageState(StageFor(StageRole::kTrain, name, seed), how.end);
    return;
  }
  const double loss = LossAt(LevelsAt(arm, how.levels), arm, seed, kSteps);
  CompleteRun(*ledger, name, seed, train,
              {ResultEvent("validation/loss", loss),
               ResultEvent("atlas/accuracy", 0.4 + 0.1 * Noise(arm, seed, 7))});
}

}  // namespace

void RecordSampledStudy(const SampledStudy& how, LedgerWriter* ledger) {
  UPCYCLE_CHECK(how.levels.size() <= kFactors.size());
  size_t arms = 1;
  for (const size_t levels : how.levels) arms *= levels;
  const StudyRecord study = RecordOf(how, arms);
  ledger->RecordStudy(study);
  for (size_t arm = 0; arm < arms; ++arm) {
    for (const RunRecord& run : study.arms[arm].runs) {
      RecordRun(how, arm, study.arms[arm].name, run.seed, ledger);
    }
  }
}

}  // namespace upcycle
