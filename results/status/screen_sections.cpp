#include "results/status/screen_sections.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "core/plural.h"
#include "results/tables/number_text.h"
#include "results/tables/terminal_text.h"

namespace upcycle {
namespace {

struct Sign {
  const char* text;
  Tone tone;
};

Sign SignOf(StageState state) {
  switch (state) {
    case StageState::kComplete:
      return {"●", Tone::kGood};
    case StageState::kRunning:
      return {"◐", Tone::kPlain};
    case StageState::kFailed:
    case StageState::kDiverged:
      return {"✗", Tone::kBad};
    case StageState::kStopped:
      return {"‖", Tone::kPlain};
    case StageState::kPruned:
      return {"−", Tone::kFaint};
    case StageState::kWaiting:
      return {"○", Tone::kPlain};
    case StageState::kPlanned:
      return {"·", Tone::kFaint};
  }
  return {"?", Tone::kPlain};
}

// "12● 2◐ 1✗": what is not 0.
void AddCounts(const StateCounts& counts, size_t columns, ScreenLine* line) {
  std::string text;
  for (const auto& state : EnumNames<StageState>::values) {
    const int64_t count = counts[static_cast<size_t>(state.value)];
    if (count > 0)
      text += fmt::format("{}{}{}", text.empty() ? "" : " ", count, SignOf(state.value).text);
  }
  line->AddFitted(text, columns);
}

void AddSeeds(const ArmView& arm, size_t columns, ScreenLine* line) {
  int64_t runs = 0;
  for (const int64_t count : arm.counts) runs += count;
  if (runs > static_cast<int64_t>(std::min(columns, arm.runs.size()))) {
    return AddCounts(arm.counts, columns, line);
  }
  for (const RunView& run : arm.runs) line->Add(SignOf(run.state).text, SignOf(run.state).tone);
  line->Add(std::string(columns - arm.runs.size(), ' '));
}

std::string Bar(double share, size_t cells) {
  const auto full = static_cast<size_t>(std::lround(share * static_cast<double>(cells)));
  std::string bar;
  for (size_t i = 0; i < cells; ++i) bar += i < full ? "━" : "─";
  return bar;
}

std::string ShareText(double share) { return PercentText(share, 0); }

std::string CountsText(const StudyView& study) {
  int64_t all = 0;
  for (const int64_t count : study.runs) all += count;
  const auto complete = study.runs[static_cast<size_t>(StageState::kComplete)];
  std::string text = fmt::format("{} of {} runs complete", complete, all);
  for (const auto& state : EnumNames<StageState>::values) {
    const int64_t count = study.runs[static_cast<size_t>(state.value)];
    if (state.value == StageState::kComplete || count == 0) continue;
    text += fmt::format(", {} {}", count, state.name);
  }
  return text;
}

std::string AgeText(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", std::max(seconds, 0.0));
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} d", seconds / 86400);
}

std::string StageName(const StageStatus& status) {
  return fmt::format("{} ({})", status.stage.kind, status.user);
}

// The arms' curves of one metric, and the values between which they are drawn. What a training
// begins with would flatten the rest, so the first tenth does not decide.
class CurveSet {
 public:
  explicit CurveSet(const std::vector<ArmCurve>& curves) {
    for (const ArmCurve& curve : curves) {
      by_arm_[curve.arm] = &curve;
      for (const CurvePoint& point : curve.points) {
        if (point.step * 10 < curve.steps && &point != &curve.points.back()) continue;
        low_ = std::min(low_, point.mean);
        high_ = std::max(high_, point.mean);
      }
    }
  }

  void AddTo(ScreenLine* line, const std::string& arm, size_t columns) const {
    const auto found = by_arm_.find(arm);
    const ArmCurve none;
    const ArmCurve& curve = found == by_arm_.end() ? none : *found->second;
    line->Add(" ").Add(Sparkline(curve, columns, low_, high_)).Add(" ");
  }

  std::string LastOf(const std::string& arm) const {
    const auto found = by_arm_.find(arm);
    if (found == by_arm_.end() || found->second->points.empty()) return kNotAvailable;
    return fmt::format("{:.4f}", found->second->points.back().mean);
  }

 private:
  std::map<std::string, const ArmCurve*> by_arm_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

// The columns of the list of arms: a narrow terminal shows no training loss.
struct ArmLayout {
  size_t name, seeds, curve;
  bool has_train_loss;
};

constexpr size_t kValueColumns = 8;
constexpr size_t kMostSeedSigns = 16;  // more runs are counted

ArmLayout LayoutOf(const StudyView& study, size_t columns) {
  size_t name = 3, seeds = 5;
  for (const ArmView& arm : study.arms) {
    name = std::max(name, ColumnsOf(Printable(arm.name)));
    int64_t runs = 0;
    for (const int64_t count : arm.counts) runs += count;
    const bool is_counted = runs > static_cast<int64_t>(kMostSeedSigns);
    seeds = std::max(seeds, is_counted ? kMostSeedSigns : arm.runs.size());
  }
  ArmLayout layout = {.name = std::min(name, columns / 3),
                      .seeds = std::min<size_t>(seeds, columns < 60 ? 8 : kMostSeedSigns),
                      .curve = 0,
                      .has_train_loss = columns >= 70};
  const size_t curves = layout.has_train_loss ? 2 : 1;
  const size_t taken = layout.name + 1 + layout.seeds + curves * (kValueColumns + 2);
  const size_t left = columns > taken ? (columns - taken) / curves : 0;
  layout.curve = std::min<size_t>(left, kSparklinePoints);
  return layout;
}

}  // namespace

ScreenLineList HeadLines(const ScreenFacts& facts) {
  const MachineLoad& machine = facts.machine;
  ScreenLine line;
  line.Add(machine.host);
  if (machine.cores > 0) line.Add(" " + Plural(machine.cores, "core"));
  if (machine.busy_share) line.Add(fmt::format(" {} busy", ShareText(*machine.busy_share)));
  if (machine.memory_bytes > 0) {
    line.Add(fmt::format(", memory {} of {}", BytesText(static_cast<double>(machine.used_bytes)),
                         BytesText(static_cast<double>(machine.memory_bytes))));
  }
  line.Add(fmt::format("  {}", facts.root), Tone::kFaint);
  ScreenLineList lines = {line};
  for (const GpuLoad& gpu : machine.gpus) {
    lines.emplace_back().Add(
        fmt::format("GPU {} {}{}, memory {} of {}", gpu.number, gpu.name,
                    gpu.busy_share ? fmt::format(" {} busy", ShareText(*gpu.busy_share)) : "",
                    BytesText(static_cast<double>(gpu.used_bytes)),
                    BytesText(static_cast<double>(gpu.memory_bytes))));
  }
  return lines;
}

ScreenLineList StudyHeadLines(const StudyView& study, size_t columns) {
  ScreenLine first, second;
  const size_t cells = std::clamp<size_t>(columns / 4, 8, 30);
  first.Add(study.name)
      .Add(fmt::format("  {} {}", Bar(study.share, cells), ShareText(study.share)));
  if (study.seconds_left) {
    first.Add(fmt::format(", about {} left", ClockText(*study.seconds_left)));
  }
  second.Add(CountsText(study));
  ScreenLineList lines = {first, second};
  for (const HoldSet& hold : study.holds) {
    std::string what = hold.scope.arm.empty() ? "the whole study" : hold.scope.arm;
    if (hold.scope.seed) what += fmt::format(", seed {}", *hold.scope.seed);
    lines.emplace_back().Add(
        fmt::format("{} {}: `upcycle resume` lets it go on", NameOf(hold.kind), what));
    if (lines.size() > 4) break;
  }
  return lines;
}

ScreenLineList ArmLines(const ScreenFacts& facts, const StudyView& study, size_t columns) {
  const ArmLayout layout = LayoutOf(study, columns);
  const CurveSet train(facts.train_loss), metric(facts.metric);
  ScreenLineList lines(1);
  lines[0].AddFitted("arm", layout.name, Tone::kFaint).Add(" ");
  lines[0].AddFitted("seeds", layout.seeds, Tone::kFaint);
  const size_t curve = layout.curve + kValueColumns + 1;
  if (layout.has_train_loss) lines[0].Add(" ").AddFitted(kTrainLoss, curve, Tone::kFaint);
  lines[0].Add(" ").AddFitted(study.metric, curve, Tone::kFaint);
  for (const ArmView& arm : study.arms) {
    ScreenLine& line = lines.emplace_back();
    line.AddFitted(arm.name, layout.name).Add(" ");
    AddSeeds(arm, layout.seeds, &line);
    if (layout.has_train_loss) {
      train.AddTo(&line, arm.name, layout.curve);
      line.AddFitted(train.LastOf(arm.name), kValueColumns);
    }
    metric.AddTo(&line, arm.name, layout.curve);
    line.Add(arm.value ? fmt::format("{:.4f}", *arm.value) : metric.LastOf(arm.name));
  }
  if (study.arms_left_out > 0) {
    lines.emplace_back().Add(fmt::format("and {} more arms", study.arms_left_out), Tone::kFaint);
  }
  return lines;
}

ScreenLineList RunningLines(const StudyView& study, size_t columns) {
  ScreenLineList lines;
  for (const StageStatus& status : study.running) {
    ScreenLine& line = lines.emplace_back();
    line.Add("◐ ");
    if (status.stage.steps > 0) {
      const double share =
          static_cast<double>(status.stage.step) / static_cast<double>(status.stage.steps);
      if (columns >= 60) line.Add(Bar(std::clamp(share, 0.0, 1.0), 10) + " ");
      line.Add(fmt::format("{:>5} ", ShareText(share)));
    }
    line.Add(StageName(status));
    if (status.seconds_left) line.Add(fmt::format(", {} left", ClockText(*status.seconds_left)));
    if (status.loss) line.Add(fmt::format(", loss {:.4f}", *status.loss));
    if (status.tokens_per_second) {
      line.Add(fmt::format(", {} tokens/s", CountText(*status.tokens_per_second)));
    }
  }
  if (study.running_left_out > 0) {
    lines.emplace_back().Add(fmt::format("and {} more run", study.running_left_out), Tone::kFaint);
  }
  return lines;
}

ScreenLineList EndedLines(const StudyView& study) {
  ScreenLineList lines;
  for (const StageStatus& status : study.ended_early) {
    const Sign sign = SignOf(status.stage.state);
    ScreenLine& line = lines.emplace_back();
    line.Add(fmt::format("{} {} ", sign.text, NameOf(status.stage.state)), sign.tone);
    line.Add(StageName(status));
    if (!status.stage.reason.empty()) line.Add(": " + status.stage.reason);
  }
  if (study.ended_left_out > 0) {
    lines.emplace_back().Add(fmt::format("and {} more ended early", study.ended_left_out),
                             Tone::kFaint);
  }
  return lines;
}

ScreenLineList WaitLines(const StudyView& study) {
  ScreenLineList lines;
  for (const WaitView& wait : study.waits) {
    const std::string name = wait.stages == 1 ? fmt::format("{} ({})", wait.kind, wait.serves)
                                              : fmt::format("{} × {}", wait.stages, wait.kind);
    lines.emplace_back().Add(
        fmt::format("○ {} {}: {}", NameOf(wait.state), name,
                    wait.reason.empty() ? "no reason was recorded" : wait.reason));
  }
  return lines;
}

ScreenLineList MessageLines(const StudyView& study, double now) {
  ScreenLineList lines;
  for (const Message& message : study.messages) {
    ScreenLine& line = lines.emplace_back();
    line.AddFitted(message.time ? AgeText(now - *message.time) + " ago" : kNotAvailable, 10,
                   Tone::kFaint);
    line.Add(fmt::format(" {} {}{}{}", message.about, message.kind,
                         message.text.empty() ? "" : ": ", message.text));
  }
  return lines;
}

ScreenLineList OtherStudyLines(const ScreenFacts& facts) {
  std::vector<const StudyView*> others;
  for (size_t i = 0; i < facts.studies.size(); ++i) {
    if (i != facts.shown) others.push_back(&facts.studies[i]);
  }
  const auto running = static_cast<size_t>(StageState::kRunning);
  std::ranges::stable_sort(others, std::greater<>(),
                           [&](const StudyView* study) { return study->runs[running] > 0; });
  ScreenLineList lines;
  for (const StudyView* study : others) {
    lines.emplace_back()
        .Add(study->name)
        .Add(fmt::format("  {}, {}", ShareText(study->share), CountsText(*study)), Tone::kFaint);
  }
  return lines;
}

}  // namespace upcycle
