// Measures the ledger: points a second into it, bytes a point takes, and how long a large study
// takes to be recorded and read. Not a test: it prints, and judges nothing.
//
//   ledger_speed FOLDER [ARMS SEEDS POINTS_PER_RUN]      10000 runs and 10 million points by
//   default
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/stopwatch.h"
#include "results/compare_study.h"
#include "results/comparison_table.h"
#include "results/export/json.h"
#include "results/export/markdown.h"
#include "results/ledger_reader.h"
#include "results/ledger_writer.h"
#include "results/status.h"

namespace upcycle {
namespace {

struct Size {
  int64_t arms = 1000;
  int64_t seeds = 10;
  int64_t points = 1000;  // a run
};

constexpr const char* kMetrics[] = {
    "train/loss",       "train/gradient_norm", "train/learning_rate", "moe/dropped_share",
    "moe/load_entropy", "moe/dead_experts",    "moe/parent_cosine",   "system/tokens_per_second"};

Fingerprint StageName(StageRole role, int64_t run) {
  return Fingerprint(static_cast<uint64_t>(role) + 1,
                     static_cast<uint64_t>(run) * 0x9e3779b97f4a7c15);
}

StudyRecord LargeStudy(const Size& size) {
  StudyRecord study;
  study.name = "large";
  study.metric = "validation/loss";
  study.baseline = "arm-0";
  const Fingerprint tokens = StageName(StageRole::kTokens, 0);
  const Fingerprint parent = StageName(StageRole::kParent, 0);
  study.stages = {{tokens, "tokens", "{}", {}}, {parent, "parent", "{}", {tokens}}};
  for (int64_t arm = 0; arm < size.arms; ++arm) {
    ArmRecord record = {.name = fmt::format("arm-{}", arm), .cost = {.experts = 8}, .runs = {}};
    for (int64_t seed = 0; seed < size.seeds; ++seed) {
      const int64_t run = arm * size.seeds + seed;
      const Fingerprint start = StageName(StageRole::kStart, run);
      const Fingerprint train = StageName(StageRole::kTrain, run);
      const Fingerprint evaluate = StageName(StageRole::kEvaluate, run);
      study.stages.push_back({start, "start", "{}", {parent}});
      study.stages.push_back({train, "train", "{}", {start, tokens}});
      study.stages.push_back({evaluate, "evaluate", "{}", {train, tokens}});
      record.runs.push_back({seed,
                             {{StageRole::kTokens, tokens},
                              {StageRole::kParent, parent},
                              {StageRole::kStart, start},
                              {StageRole::kTrain, train},
                              {StageRole::kEvaluate, evaluate}}});
    }
    study.arms.push_back(std::move(record));
  }
  return study;
}

std::vector<JournalRecord> TrainRecords(const Size& size, int64_t run) {
  std::vector<JournalRecord> records;
  for (int64_t i = 0; i < size.points; ++i) {
    const int64_t step = i / static_cast<int64_t>(std::size(kMetrics));
    const double value = 3 + 1e-7 * static_cast<double>(i) + 1e-5 * static_cast<double>(run);
    records.push_back(
        JournalPoint{kMetrics[static_cast<size_t>(i) % std::size(kMetrics)], step, value});
  }
  return records;
}

void Measure(const fs::path& folder, const Size& size) {
  const fs::path path = folder / "ledger.sqlite";
  const int64_t runs = size.arms * size.seeds;
  LedgerWriter writer(path);
  Stopwatch recording;
  const StudyRecord study = LargeStudy(size);
  writer.RecordStudy(study);
  fmt::print("record {} runs          {:8.3f} s\n", runs, recording.Seconds());
  Stopwatch again;
  writer.RecordStudy(study);
  fmt::print("record them again       {:8.3f} s\n", again.Seconds());

  const auto empty_bytes = fs::file_size(path) + fs::file_size(path.native() + "-wal");
  double seconds = 0;
  for (int64_t run = 0; run < runs; ++run) {
    const std::vector<JournalRecord> records = TrainRecords(size, run);
    Stopwatch watch;
    writer.Ingest(StageName(StageRole::kTrain, run), records, 1);
    seconds += watch.Seconds();
  }
  const double points = static_cast<double>(runs * size.points);
  fmt::print("ingest {} points  {:8.3f} s, {:.0f} points/s\n", runs * size.points, seconds,
             points / seconds);

  Stopwatch evaluations;
  std::vector<StageChange> done;
  for (int64_t run = 0; run < runs; ++run) {
    const JournalRecord result = JournalEvent{fmt::format(
        R"({{"event": "result", "metric": "validation/loss", "value": {}}})",
        3 + 0.01 * static_cast<double>(run % 13) + 0.001 * static_cast<double>(run % 7))};
    writer.Ingest(StageName(StageRole::kEvaluate, run), {&result, 1}, 1);
    done.push_back({StageName(StageRole::kTrain, run), StageState::kComplete, ""});
    done.push_back({StageName(StageRole::kEvaluate, run), StageState::kComplete, ""});
  }
  writer.SetStageStates(done);
  fmt::print("{} small ingests     {:8.3f} s\n", runs, evaluations.Seconds());

  LedgerReader reader(path);
  Stopwatch reading;
  StudyFacts facts = reader.ReadStudy("large");
  fmt::print("read the study          {:8.3f} s\n", reading.Seconds());
  Stopwatch values;
  reader.ReadValues(&facts, std::vector<std::string>{"validation/loss", "moe/load_entropy"});
  fmt::print("read two metrics        {:8.3f} s\n", values.Seconds());
  Stopwatch comparing;
  const Comparison comparison = CompareStudy(reader, "large");
  fmt::print("compare                 {:8.3f} s\n", comparing.Seconds());
  Stopwatch exporting;
  const size_t exported = ToMarkdown(TableOf(comparison)).size() + ToJson(comparison).size();
  fmt::print("export {} bytes   {:8.3f} s\n", exported, exporting.Seconds());
  Stopwatch status;
  const size_t shown = StatusText(ReadStatus(reader)).size();
  fmt::print("status of {} bytes       {:8.3f} s\n", shown, status.Seconds());
  const auto bytes = fs::file_size(path);
  fmt::print("bytes a point           {:8.1f}  ({} bytes in all)\n",
             static_cast<double>(bytes - empty_bytes / 2) / points, bytes);
}

}  // namespace
}  // namespace upcycle

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: ledger_speed FOLDER [ARMS SEEDS POINTS_PER_RUN]\n");
    return 2;
  }
  upcycle::Size size;
  if (argc > 4) size = {std::atoll(argv[2]), std::atoll(argv[3]), std::atoll(argv[4])};
  upcycle::Measure(argv[1], size);
}
