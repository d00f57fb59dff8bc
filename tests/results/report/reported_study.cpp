#include "tests/results/report/reported_study.h"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/ledger/root_events.h"

namespace upcycle {
namespace {

constexpr const char* kProvenance =
    R"({{"version": "0.1.0", "build": "1", "processor": "AMD EPYC", "command_line": "worker {}"}})";

StudyRecord RecordOf(const ReportedStudy& how) {
  const std::vector<std::string> names = {"dense", how.arm, "shared", "both"};
  const std::array changes = {"{}", R"({"moe.top_k": 4})", R"({"moe.router.z_loss": 0.001})",
                              R"({"moe.router.z_loss": 0.001, "moe.top_k": 4})"};
  std::vector<int64_t> seeds;
  for (int64_t seed = 0; seed < how.seeds; ++seed) seeds.push_back(seed);
  StudyRecord study = StudyOf({names.begin(), names.begin() + static_cast<long>(how.arms)}, seeds);
  study.description = "Whether more experts a token help.";
  study.matched_on = "train_flops";
  study.recipe = R"({"base": {"data": {"train": [{"files": [")" + how.place +
                 R"(/books/*.txt", "!)" + how.place + R"(/books/a.txt"]}]}, )" +
                 R"("moe": {"router": {"z_loss": 0.0}, "top_k": 2}}, "name": "study"})";
  for (size_t i = 0; i < study.arms.size(); ++i) {
    study.arms[i].changes = changes[i];
    study.arms[i].settings =
        R"({"model": {"sequence_length": 10}, "train": {"batch_sequences": 4, "tokens": 1200}})";
    study.arms[i].cost = {.parameters_total = 1e6,
                          .parameters_active = 5e5,
                          .train_flops = 7200,
                          .train_tokens = 1200};
  }
  return study;
}

// Names need not be UTF-8, and journals are.
std::string TextOf(const nlohmann::json& event) {
  return event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

AttemptStart Started(const ReportedStudy& how, int64_t seed) {
  return {.host = how.host,
          .pid = 7,
          .device = "cpu (2 threads)",
          .time = how.first_time + static_cast<double>(seed),
          .launch = 1,
          .provenance = fmt::format(fmt::runtime(kProvenance), seed)};
}

AttemptEnd Ended(const ReportedStudy& how, StageState outcome) {
  AttemptEnd end = {.outcome = outcome};
  end.peak_memory_bytes = 70'000'000;
  end.wall_seconds = how.core_seconds / 2;
  end.cpu_seconds = how.core_seconds;
  if (outcome == StageState::kFailed) end.cause = "disk", end.message = "no room left on the disk";
  return end;
}

std::vector<JournalRecord> Training(const ReportedStudy& how, size_t arm, int64_t seed,
                                    double loss) {
  std::vector<JournalRecord> records;
  if (arm == 1 && seed == 0) {
    records.push_back(Event(TextOf(EventOf(Started(how, seed)))));
    records.push_back(Event(Ended(how, StageState::kFailed)));
  }
  records.push_back(Event(TextOf(EventOf(Started(how, seed)))));
  for (int64_t step = 10; step <= 30; step += 10) {
    const auto place = static_cast<double>(step);
    records.push_back(Point("validation/loss", step, loss + 0.3 - place / 100));
    records.push_back(Point("train/learning_rate", step, 0.1 / place));
    records.push_back(Point("system/tokens_per_second", step, 1e3 * how.core_seconds));
    for (int expert = 0; arm > 0 && expert < 4; ++expert) {
      records.push_back(
          Point(fmt::format("moe/layer_00/expert_{:03}/load", expert), step, 0.1 + 0.1 * expert));
    }
  }
  records.push_back(Event(Ended(how, StageState::kComplete)));
  return records;
}

// Of "shared" seeds disagree; the others differ from dense by as good as a constant.
double LossOf(size_t arm, int64_t seed) {
  const auto s = static_cast<double>(seed);
  const double noise = 0.001 * static_cast<double>((seed * 7 + static_cast<int64_t>(arm) * 3) % 5);
  const std::array distances = {0.0, -0.05, seed % 2 == 0 ? 0.02 : -0.03, -0.04};
  return 0.8 + 0.002 * s + noise + distances[arm];
}

void RecordLaunch(const ReportedStudy& how, LedgerWriter* ledger) {
  LaunchStart start = {.launch = 1, .study = "study", .host = how.host, .pid = 3};
  start.command_line = "upcycle run recipes/study.yaml";
  start.time = how.first_time;
  LaunchEnd end = {.launch = 1};
  end.time = how.first_time + 600;
  const std::vector<JournalRecord> records = {Event(TextOf(EventOf(start))),
                                              Event(TextOf(EventOf(end)))};
  ledger->IngestRoot(records, 1);
}

}  // namespace

void RecordReportedStudy(const fs::path& path, const ReportedStudy& how) {
  LedgerWriter ledger(path);
  const StudyRecord study = RecordOf(how);
  ledger.RecordStudy(study);
  RecordLaunch(how, &ledger);
  for (size_t arm = 0; arm < study.arms.size(); ++arm) {
    for (const RunRecord& run : study.arms[arm].runs) {
      const double loss = LossOf(arm, run.seed);
      CompleteRun(ledger, study.arms[arm].name, run.seed, Training(how, arm, run.seed, loss),
                  {ResultEvent("validation/loss", loss)});
    }
  }
}

}  // namespace upcycle
