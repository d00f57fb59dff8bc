#include "results/status/study_view.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <tuple>

#include <fmt/format.h>

#include "core/utf8.h"
#include "results/ledger/live_reader.h"
#include "results/status/messages.h"
#include "results/status/study_progress.h"

namespace upcycle {
namespace {

// The smaller, the more it matters.
int RankOf(StageState state) {
  switch (state) {
    case StageState::kRunning:
      return 0;
    case StageState::kFailed:
    case StageState::kDiverged:
      return 1;
    case StageState::kStopped:
    case StageState::kPruned:
      return 2;
    case StageState::kWaiting:
      return 3;
    case StageState::kPlanned:
      return 4;
    case StageState::kComplete:
      return 5;
  }
  return 6;
}

int RankOf(const StateCounts& counts) {
  int rank = 6;
  for (const auto& state : EnumNames<StageState>::values) {
    if (counts[static_cast<size_t>(state.value)] > 0) rank = std::min(rank, RankOf(state.value));
  }
  return rank;
}

// Leaves the `most` elements of the lowest ranks, in the order in which they were; how many went.
template <typename T, typename Rank>
int64_t KeepWhatMatters(size_t most, Rank rank, std::vector<T>* all) {
  if (all->size() <= most) return 0;
  std::vector<size_t> order(all->size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return rank((*all)[i]); });
  order.resize(most);
  std::ranges::sort(order);
  std::vector<T> kept;
  for (const size_t i : order) kept.push_back(std::move((*all)[i]));
  const auto gone = static_cast<int64_t>(all->size() - most);
  *all = std::move(kept);
  return gone;
}

RunView ViewOfRun(const StudyFacts& study, const RunFacts& run) {
  RunView view = {.seed = run.seed, .state = StateOfRun(study, run)};
  const auto train = run.StageOf(StageRole::kTrain);
  if (view.state == StageState::kComplete) {
    view.share = 1;
  } else if (train && study.stages[*train].state == StageState::kComplete) {
    view.share = 1;
  } else if (train && study.stages[*train].steps > 0) {
    const StageFacts& stage = study.stages[*train];
    view.share = static_cast<double>(stage.step) / static_cast<double>(stage.steps);
  }
  view.share = std::clamp(view.share, 0.0, 1.0);
  return view;
}

ArmView ViewOfArm(const StudyFacts& study, const ArmFacts& arm, const ViewBounds& bounds) {
  ArmView view = {.name = arm.name, .is_baseline = arm.name == study.baseline};
  double sum = 0;
  for (const RunFacts& run : arm.runs) {
    view.runs.push_back(ViewOfRun(study, run));
    ++view.counts[static_cast<size_t>(view.runs.back().state)];
    const auto value = run.values.find(study.metric);
    if (value == run.values.end()) continue;
    sum += value->second.value;
    ++view.valued;
  }
  if (view.valued > 0) view.value = sum / static_cast<double>(view.valued);
  KeepWhatMatters(
      bounds.runs, [](const RunView& run) { return RankOf(run.state); }, &view.runs);
  return view;
}

int64_t Shorten(size_t most, std::vector<StageStatus>* stages) {
  const auto gone = static_cast<int64_t>(stages->size()) - static_cast<int64_t>(most);
  if (gone <= 0) return 0;
  stages->resize(most);
  return gone;
}

// Those with the same reason together, the most frequent first.
std::vector<WaitView> WaitsOf(const StudyStatus& status, size_t text_bytes) {
  std::map<std::tuple<StageState, std::string, std::string>, WaitView> groups;
  const auto add = [&](const StageStatus& stage) {
    WaitView& group = groups[{stage.stage.state, stage.stage.kind, stage.stage.reason}];
    group = {.state = stage.stage.state,
             .kind = stage.stage.kind,
             .serves = group.stages == 0 ? stage.user : "",
             .reason = ShortenedText(stage.stage.reason, text_bytes),
             .stages = group.stages + 1};
  };
  std::ranges::for_each(status.waiting, add);
  std::ranges::for_each(status.held_back, add);
  std::vector<WaitView> waits;
  for (auto& [key, group] : groups) waits.push_back(std::move(group));
  std::ranges::stable_sort(waits, std::greater<>(), &WaitView::stages);
  return waits;
}

void ShortenReasons(size_t bytes, std::vector<StageStatus>* stages) {
  for (StageStatus& status : *stages) {
    status.stage.reason = ShortenedText(status.stage.reason, bytes);
    if (status.attempts.size() > 1) {
      status.attempts.erase(status.attempts.begin(), status.attempts.end() - 1);
    }
    for (AttemptFacts& attempt : status.attempts) {
      if (attempt.end) attempt.end->message = ShortenedText(attempt.end->message, bytes);
    }
  }
}

void AddStages(StudyStatus status, const ViewBounds& bounds, StudyView* view) {
  view->runs = status.runs;
  view->stages = status.stages;
  view->kept = status.kept;
  view->waits = WaitsOf(status, bounds.text_bytes);
  if (view->waits.size() > bounds.stages) {
    view->waits_left_out = static_cast<int64_t>(view->waits.size() - bounds.stages);
    view->waits.resize(bounds.stages);
  }
  view->running = std::move(status.running);
  view->running_left_out = Shorten(bounds.stages, &view->running);
  view->ended_early = std::move(status.ended_early);
  view->ended_left_out = Shorten(bounds.stages, &view->ended_early);
  ShortenReasons(bounds.text_bytes, &view->running);
  ShortenReasons(bounds.text_bytes, &view->ended_early);
  view->holds = std::move(status.holds);
  if (view->holds.size() > bounds.stages) view->holds.resize(bounds.stages);
}

}  // namespace

std::vector<std::string> ArmsThatMatter(const StudyFacts& study, size_t most) {
  std::vector<ArmView> arms;
  for (const ArmFacts& arm : study.arms) {
    ArmView& view = arms.emplace_back();
    view.name = arm.name;
    for (const RunFacts& run : arm.runs) {
      ++view.counts[static_cast<size_t>(StateOfRun(study, run))];
    }
  }
  KeepWhatMatters(
      most, [](const ArmView& arm) { return RankOf(arm.counts); }, &arms);
  std::vector<std::string> names;
  for (ArmView& arm : arms) names.push_back(std::move(arm.name));
  return names;
}

StudyView ReadStudyView(LedgerReader& ledger, const std::string& study,
                        const StatusOptions& options, const ViewBounds& bounds) {
  StudyFacts facts = ledger.ReadStudy(study);
  StatusOptions shown = options;
  shown.most_details = std::min(options.most_details, bounds.stages);
  StudyStatus status = StatusOfStudy(ledger, shown, &facts);
  if (bounds.arms > 0) ledger.ReadValues(&facts, std::array{facts.metric});

  LiveReader live(ledger);
  const bool is_running = !status.running.empty();  // else no time is told
  const StudyProgress progress = ProgressOf(
      facts, status, is_running ? live.ReadSecondsTaken(facts.id) : std::map<int64_t, double>());
  StudyView view = {.name = facts.name,
                    .description = ShortenedText(facts.description, bounds.text_bytes),
                    .metric = facts.metric,
                    .preference = facts.preference,
                    .baseline = facts.baseline,
                    .share = progress.share,
                    .seconds_left = progress.seconds_left};
  for (const ArmFacts& arm : facts.arms) view.arms.push_back(ViewOfArm(facts, arm, bounds));
  view.arms_left_out = KeepWhatMatters(
      bounds.arms, [](const ArmView& arm) { return RankOf(arm.counts); }, &view.arms);
  std::vector<LaunchFacts> launches = ledger.ReadLaunches(study);
  view.messages =
      MessagesOf(facts, live.ReadTroubles(facts.id, static_cast<int64_t>(bounds.messages)),
                 launches, status.holds, bounds);
  if (!launches.empty()) view.launch = std::move(launches.back());
  AddStages(std::move(status), bounds, &view);
  return view;
}

}  // namespace upcycle
