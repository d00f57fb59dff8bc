#include "tools/study/status_watch.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/machine_load.h"
#include "core/stop_signals.h"
#include "kernels/gpu_load.h"
#include "results/ledger/ledger_stamp.h"
#include "results/status/screen.h"
#include "results/tables/terminal_text.h"
#include "tools/terminal/terminal_layout.h"

namespace upcycle {
namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr size_t kMostArms = 60;
constexpr ViewBounds kBounds = {
    .arms = kMostArms, .runs = 16, .stages = 20, .messages = 12, .text_bytes = 300};

double SecondsSince1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// That which runs, else that which was launched last.
size_t StudyToShow(const std::vector<StudyView>& studies) {
  const auto rank = [](const StudyView& study) {
    const bool runs = study.runs[static_cast<size_t>(StageState::kRunning)] > 0;
    return std::pair(runs, study.launch ? study.launch->start.launch : 0);
  };
  return static_cast<size_t>(std::ranges::max_element(studies, {}, rank) - studies.begin());
}

// What the ledger has to show; the machine's load is another's to add.
ScreenFacts ReadFacts(const StateOptions& state, const std::string& study, bool at_work) {
  LedgerReader ledger(state.Ledger());
  const Transaction snapshot = ledger.Snapshot();
  ScreenFacts facts;
  facts.root = state.root;
  const std::vector<std::string> names =
      study.empty() ? ledger.StudyNames() : std::vector<std::string>{study};
  for (const std::string& name : names) {
    facts.studies.push_back(
        ReadStudyView(ledger, name, {.study = name, .scheduler_at_work = at_work}, kBounds));
  }
  facts.shown = StudyToShow(facts.studies);
  if (facts.studies.empty()) return facts;
  const StudyView& shown = facts.studies[facts.shown];
  CurveRequest request = {.metric = kTrainLoss, .arms = {}, .points = kSparklinePoints};
  for (const ArmView& arm : shown.arms) request.arms.push_back(arm.name);
  const StudyFacts its_facts = ledger.ReadStudy(shown.name);
  facts.train_loss = ReadCurves(ledger, its_facts, request);
  request.metric = shown.metric;
  facts.metric = ReadCurves(ledger, its_facts, request);
  return facts;
}

// Keeps what the ledger said for as long as it says the same.
class Watch {
 public:
  Watch(const StateOptions& state, const WatchOptions& options) : state_(state), options_(options) {
    Read();
  }

  void Look() {
    try {
      Read();
      problem_.clear();
    } catch (const Error& error) {
      problem_ = error.what();
    }
    facts_.machine = load_.Look();
    facts_.machine.gpus = gpus_.Look();
    facts_.now = SecondsSince1970();
  }

  std::vector<std::string> Lines(const ScreenLayout& layout) const {
    std::vector<std::string> lines = ScreenLines(facts_, layout);
    if (problem_.empty()) return lines;
    if (lines.size() == layout.rows) lines.pop_back();
    lines.insert(lines.begin(), CutToColumns(Printable(problem_), layout.columns));
    return lines;
  }

 private:
  void Read() {
    const LedgerStamp stamp = StampOf(state_.Ledger());
    const bool at_work = FileLock::IsHeld(state_.SchedulerLock());
    if (stamp_ == stamp && at_work == at_work_) return;
    stamp_.reset();  // of a ledger that cannot be read
    facts_ = ReadFacts(state_, options_.study, at_work);
    stamp_ = stamp;
    at_work_ = at_work;
  }

  const StateOptions& state_;
  const WatchOptions& options_;
  ScreenFacts facts_;
  std::optional<LedgerStamp> stamp_;
  bool at_work_ = false;
  std::string problem_;  // why the ledger could not be read just now
  LoadMeter load_;
  GpuLoadMeter gpus_;
};

ScreenLayout LayoutNow() {
  const TerminalLayout terminal = LayoutOfOutput();
  const size_t rows = RowsOfOutput();
  return {.columns = terminal.width > 0 ? terminal.width : 80,
          .rows = rows > 0 ? rows : 24,
          .color = terminal.color};
}

// A screen of its own, on which each view is drawn over the one before in one piece.
class TerminalScreen {
 public:
  TerminalScreen() { Write("\x1b[?1049h\x1b[?25l"); }
  ~TerminalScreen() { Write("\x1b[?25h\x1b[?1049l"); }
  TerminalScreen(const TerminalScreen&) = delete;
  TerminalScreen& operator=(const TerminalScreen&) = delete;

  // False: nobody sees it any more.
  bool Draw(const std::vector<std::string>& lines) {
    std::string frame = "\x1b[?2026h\x1b[H";  // held back until it is whole, where terminals can
    for (size_t i = 0; i < lines.size(); ++i) {
      frame += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
    }
    return Write(frame + "\x1b[J\x1b[?2026l");
  }

 private:
  static bool Write(const std::string& bytes) {
    return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() &&
           std::fflush(stdout) == 0;
  }
};

}  // namespace

void WatchStatus(const StateOptions& state, const WatchOptions& options) {
  StopSignals stop;
  Watch watch(state, options);
  const auto every = std::chrono::seconds(options.every_seconds);
  {
    TerminalScreen screen;
    while (stop.Requests() == 0) {
      watch.Look();
      ScreenLayout layout = LayoutNow();
      if (!screen.Draw(watch.Lines(layout))) return;
      for (auto waited = kLook; waited <= every && stop.Requests() == 0; waited += kLook) {
        std::this_thread::sleep_for(kLook);
        const ScreenLayout now = LayoutNow();
        if (now.columns == layout.columns && now.rows == layout.rows) continue;
        layout = now;
        if (!screen.Draw(watch.Lines(layout))) return;
      }
    }
  }
  ScreenLayout layout = LayoutNow();
  layout.rows = 0;
  for (const std::string& line : watch.Lines(layout)) fmt::print("{}\n", line);
}

}  // namespace upcycle
