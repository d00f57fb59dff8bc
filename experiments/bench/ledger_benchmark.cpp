#include "experiments/bench/ledger_benchmark.h"

#include <iterator>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/error.h"
#include "results/comparison/compare_study.h"
#include "results/comparison/comparison_table.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/ledger_writer.h"
#include "results/status/status.h"
#include "results/tables/terminal.h"

namespace upcycle {
namespace {

// As many series as a training of experts records.
constexpr const char* kMetrics[] = {
    "train/loss",       "train/gradient_norm", "train/learning_rate", "moe/dropped_share",
    "moe/load_entropy", "moe/dead_experts",    "moe/parent_cosine",   "system/tokens_per_second"};

using Records = std::vector<JournalRecord>;

// Between runs, of seed and arm alone. Not their sum, or all differences of two arms were equal.
double SpreadOf(const Study::Run& run) {
  const int64_t mixed = (run.seed + 3) * (static_cast<int64_t>(run.arm) + 7) % 31;
  return 1e-3 * static_cast<double>(mixed) + 1e-2 * static_cast<double>(run.seed % 5);
}

Records Attempt(Records content) {
  Records records = {JournalEvent{
      EventOf(AttemptStart{.host = "here", .pid = 1, .device = "cpu", .time = 1}).dump()}};
  std::ranges::move(content, std::back_inserter(records));
  records.push_back(JournalEvent{EventOf(AttemptEnd{.outcome = StageState::kComplete,
                                                    .exit_code = 0,
                                                    .wall_seconds = 1,
                                                    .cpu_seconds = 1,
                                                    .time = 2})
                                     .dump()});
  return records;
}

Records TrainingOf(const Study::Run& run, int64_t points) {
  constexpr int64_t kSeries = std::size(kMetrics);
  Records records;
  for (int64_t i = 0; i < points; ++i) {
    const double value = 3 + SpreadOf(run) - 1e-4 * static_cast<double>(i);
    records.push_back(JournalPoint{kMetrics[i % kSeries], i / kSeries, value});
  }
  return Attempt(std::move(records));
}

Records EvaluationOf(const Study::Run& run) {
  const auto result = [](const char* metric, double value) {
    return JournalEvent{
        nlohmann::json({{"event", "result"}, {"metric", metric}, {"value", value}}).dump()};
  };
  const double spread = SpreadOf(run);
  return Attempt({result("validation/loss", 3 + spread), result("atlas/accuracy", 0.5 - spread)});
}

void LeaveIfStopped(StopSignals& stop) {
  if (stop.Requests() > 0) throw Error(Cause::kInterrupted, "stopped on request");
}

// The stages that runs share, and starts, which record nothing but that they were done.
void IngestOthers(const Study& study, LedgerWriter& ledger) {
  const Records done = Attempt({});
  for (const auto& [identity, stage] : study.stages) {
    if (stage.kind == StageKind::kTokens || stage.kind == StageKind::kUpcycle) {
      ledger.Ingest(identity, done, 1);
    }
  }
  for (const auto& [place, stage] : study.runs.front().stages) {
    if (place.role == StageRole::kParent) ledger.Ingest(stage, done, 1);
    if (place.role == StageRole::kParentEvaluate) {
      ledger.Ingest(stage, EvaluationOf(study.runs.front()), 1);
    }
  }
}

void IngestAll(const Study& study, int64_t points, LedgerWriter& ledger, StopSignals& stop,
               LedgerFigures* figures) {
  IngestOthers(study, ledger);
  for (const Study::Run& run : study.runs) {
    LeaveIfStopped(stop);
    const Records training = TrainingOf(run, points);
    const TimeClock clock;
    UPCYCLE_CHECK(ledger.Ingest(run.stages.at(StageRole::kTrain), training, 1));
    figures->ingest += clock.Taken();
    figures->points += points;
    UPCYCLE_CHECK(ledger.Ingest(run.stages.at(StageRole::kEvaluate), EvaluationOf(run), 1));
  }
}

void Write(const Study& study, const fs::path& path, int64_t points, StopSignals& stop,
           LedgerFigures* figures) {
  LedgerWriter ledger(path);
  const StudyRecord record = RecordOf(study);
  const TimeClock clock;
  ledger.RecordStudy(record);
  figures->record = clock.Taken();
  IngestAll(study, points, ledger, stop, figures);
}

TimeTaken MeasureStatus(const Study& study, const fs::path& path) {
  const TimeClock clock;
  LedgerReader ledger(path);
  const auto status = ReadStatus(ledger);
  const std::string text = StatusText(status);
  const TimeTaken taken = clock.Taken();
  const size_t complete = static_cast<size_t>(StageState::kComplete);
  UPCYCLE_CHECK_EQ(status.front().runs[complete], static_cast<int64_t>(study.runs.size()));
  UPCYCLE_CHECK(!text.empty());
  return taken;
}

TimeTaken MeasureCompare(const Study& study, const fs::path& path) {
  const TimeClock clock;
  LedgerReader ledger(path);
  const Table table = TableOf(CompareStudy(ledger, study.recipe.name));
  const std::string text = ToTerminal(table, {});
  const TimeTaken taken = clock.Taken();
  UPCYCLE_CHECK_EQ(table.rows.size(), study.recipe.arms.size());
  UPCYCLE_CHECK(!text.empty());
  return taken;
}

}  // namespace

LedgerFigures MeasureLedger(const Study& study, const fs::path& path, int64_t points,
                            StopSignals& stop) {
  LedgerFigures figures;
  figures.runs = static_cast<int64_t>(study.runs.size());
  Write(study, path, points, stop, &figures);
  figures.bytes = static_cast<int64_t>(fs::file_size(path));
  figures.status = MeasureStatus(study, path);
  figures.compare = MeasureCompare(study, path);
  return figures;
}

}  // namespace upcycle
