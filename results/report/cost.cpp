// What the study took of machines, arm by arm.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "results/report/html.h"
#include "results/report/sections.h"
#include "results/report/stage_owners.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

struct Use {
  int64_t attempts = 0;
  double cpu_seconds = 0;
  double gpu_seconds = 0;
  double wall_seconds = 0;
  int64_t peak_memory_bytes = 0;
  double disk_bytes = 0;
  double tokens_per_second = 0;  // a sum over so many trainings
  int64_t trainings = 0;

  void Add(const AttemptFacts& attempt) {
    ++attempts;
    if (!attempt.end) return;
    const double wall = attempt.end->wall_seconds.value_or(0);
    const std::string& device = attempt.start.device;
    wall_seconds += wall;
    cpu_seconds += attempt.end->cpu_seconds.value_or(0);
    // A backend on the CPU is named "cpu (...)", one on a GPU by that.
    if (!device.empty() && !device.starts_with("cpu")) gpu_seconds += wall;
    peak_memory_bytes = std::max(peak_memory_bytes, attempt.end->peak_memory_bytes.value_or(0));
  }

  void Add(const Use& other) {
    attempts += other.attempts;
    cpu_seconds += other.cpu_seconds;
    gpu_seconds += other.gpu_seconds;
    wall_seconds += other.wall_seconds;
    peak_memory_bytes = std::max(peak_memory_bytes, other.peak_memory_bytes);
    disk_bytes += other.disk_bytes;
    tokens_per_second += other.tokens_per_second;
    trainings += other.trainings;
  }
};

// What lies there now; what was cleared away counts no more.
double BytesUnder(const fs::path& folder) {
  std::error_code error;
  double bytes = 0;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code none;
    if (at->is_symlink(none) || !at->is_regular_file(none)) continue;
    const auto size = at->file_size(none);
    if (!none) bytes += static_cast<double>(size);
  }
  return bytes;
}

Use UseOf(const ReportInput& input, size_t stage) {
  Use use;
  for (const AttemptFacts& attempt : input.attempts[stage]) use.Add(attempt);
  const StageFacts& facts = input.study.stages[stage];
  const fs::path& stages = input.options.stages;
  if (!stages.empty()) use.disk_bytes = BytesUnder(stages / facts.fingerprint.Hex());
  if (use.attempts == 0 || facts.kind != "train") return use;
  const auto latest = input.ledger.ReadLatest(facts.id);
  const auto rate = latest.find("system/tokens_per_second");
  if (rate == latest.end() || !std::isfinite(rate->second.value)) return use;
  use.tokens_per_second = rate->second.value;
  use.trainings = 1;
  return use;
}

std::vector<Cell> RowOf(const std::string& name, const Use& use, bool has_disk) {
  std::vector<Cell> row = {
      {.text = name},
      {.value = static_cast<double>(use.attempts)},
      {.value = use.cpu_seconds / 3600},
      {.value = use.gpu_seconds / 3600},
      {.text = ClockText(use.wall_seconds)},
      {.text =
           use.peak_memory_bytes > 0 ? BytesText(static_cast<double>(use.peak_memory_bytes)) : ""}};
  if (has_disk) row.push_back({.text = BytesText(use.disk_bytes)});
  row.push_back({.value = use.trainings > 0
                              ? use.tokens_per_second / static_cast<double>(use.trainings)
                              : NAN});
  return row;
}

std::string ElapsedText(const ReportInput& input) {
  double seconds = 0;
  size_t ended = 0;
  const auto launches = input.ledger.ReadLaunches(input.study.name);
  for (const LaunchFacts& launch : launches) {
    if (!launch.end || !launch.end->time || !launch.start.time) continue;
    seconds += *launch.end->time - *launch.start.time;
    ++ended;
  }
  if (ended == 0) return "";
  return fmt::format(" By the clock its {} took {}.",
                     ended == 1 ? "launch" : fmt::format("{} ended launches", ended),
                     ClockText(seconds));
}

}  // namespace

std::string CostSection(const ReportInput& input) {
  const bool has_disk = !input.options.stages.empty();
  const std::vector<StageOwner> owners = OwnersOf(input.study);
  std::vector<Use> arms(input.study.arms.size());
  Use shared, all;
  for (size_t stage = 0; stage < input.study.stages.size(); ++stage) {
    const Use use = UseOf(input, stage);
    const std::vector<size_t>& its = owners[stage].arms;
    (its.size() == 1 ? arms[its.front()] : shared).Add(use);
    all.Add(use);
  }
  if (all.attempts == 0) return "";
  Table table = html::EmptyTable("Taken by all attempts, those that failed too",
                                 {{"arm", "arm"},
                                  {"attempts", "attempts", Notation::kEstimate},
                                  {"core hours", "core_hours", Notation::kEstimate, 3},
                                  {"GPU hours", "gpu_hours", Notation::kEstimate, 3},
                                  {.title = "run time", .key = "wall", .right = true},
                                  {.title = "peak memory", .key = "peak_memory", .right = true}});
  if (has_disk) table.columns.push_back({.title = "disk now", .key = "disk", .right = true});
  table.columns.push_back({"tokens/s", "tokens_per_second", Notation::kCount});
  for (size_t i = 0; i < arms.size(); ++i) {
    table.rows.push_back(RowOf(input.study.arms[i].name, arms[i], has_disk));
  }
  if (shared.attempts > 0) table.rows.push_back(RowOf("shared by arms", shared, has_disk));
  table.rows.push_back(RowOf("all", all, has_disk));
  return html::Paragraph(
             "Run time is that of attempts one by one, though many ran at once. Tokens/s are those "
             "at the end of each training, which what ran beside it slows down." +
             ElapsedText(input)) +
         html::TableOf(table);
}

}  // namespace upcycle
