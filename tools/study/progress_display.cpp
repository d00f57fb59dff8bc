#include "tools/study/progress_display.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/plural.h"
#include "core/utf8.h"
#include "experiments/study/prediction.h"
#include "results/tables/number_text.h"
#include "tools/terminal/progress_bar.h"

namespace upcycle {
namespace {

constexpr double kPlainLineSeconds = 20;
constexpr double kDrawSeconds = 0.2;

double ShareOf(const StageProgress& progress) {
  return progress.steps > 0
             ? static_cast<double>(progress.step) / static_cast<double>(progress.steps)
             : 0;
}

std::string Rate(double tokens_per_second) {
  if (tokens_per_second >= 1e6) return fmt::format("{:.2f}M tok/s", tokens_per_second / 1e6);
  return fmt::format("{:.1f}k tok/s", tokens_per_second / 1e3);
}

int TerminalColumns() {
  winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

ProgressDisplay::ProgressDisplay(const Study& study, const std::map<Fingerprint, StagePlan>& plan,
                                 bool terminal)
    : study_(study), labels_(StageLabels(study)), terminal_(terminal) {
  for (const auto& [stage, planned] : plan) {
    if (!planned.needed) continue;
    ++needed_;
    flops_total_ += TrainFlopsOf(study.stages.at(stage));
  }
}

ProgressDisplay::~ProgressDisplay() { Erase(); }

void ProgressDisplay::Started(const Fingerprint& stage, int64_t threads) {
  Shown shown;
  shown.flops = TrainFlopsOf(study_.stages.at(stage));
  running_[stage] = shown;
  queued_.erase(stage);
  if (threads == 0) return Note("followed", stage, ": an earlier run began it");
  if (!terminal_)
    Print(fmt::format("started   {} ({})", labels_.at(stage), Plural(threads, "thread")));
}

void ProgressDisplay::Retried(const Fingerprint& stage, const std::string& reason) {
  running_.erase(stage);
  queued_.erase(stage);
  Note("ended", stage, ", " + reason);
}

void ProgressDisplay::Held(const Fingerprint& stage, const std::string& reason) {
  Note("waiting", stage, " " + reason);
}

// `upcycle status` says what each of them waits for now.
void ProgressDisplay::Queued(const Fingerprint& stage, const std::string& reason) {
  running_.erase(stage);
  if (queued_.insert(stage).second && !terminal_) Note("waiting", stage, " " + reason);
}

void ProgressDisplay::Note(const char* what, const Fingerprint& stage, const std::string& more) {
  Erase();
  Print(fmt::format("{:<9} {}{}", what, labels_.at(stage), more));
}

void ProgressDisplay::Progressed(const Fingerprint& stage, const StageProgress& progress) {
  const auto found = running_.find(stage);
  if (found == running_.end()) return;
  Shown& shown = found->second;
  shown.progress = progress;
  if (shown.begun_share < 0 && progress.steps > 0) shown.begun_share = ShareOf(progress);
  if (terminal_ || shown.since_line.Seconds() < kPlainLineSeconds) return;
  shown.since_line.Restart();
  Print(StageLine(stage, shown));
}

void ProgressDisplay::Ended(const Fingerprint& stage, StageState outcome,
                            const std::string& reason) {
  const Shown shown = running_[stage];
  running_.erase(stage);
  queued_.erase(stage);
  flops_ended_ += shown.flops;
  outcome == StageState::kComplete ? ++done_ : ++failed_;
  Erase();
  if (outcome != StageState::kComplete) {
    Print(fmt::format("{:<9} {}: {}", NameOf(outcome), labels_.at(stage), reason));
  } else if (!terminal_ || shown.flops > 0) {
    const std::string loss =
        shown.flops > 0 ? fmt::format("  loss {:.4f}", shown.progress.loss) : "";
    Print(fmt::format("complete  {} in {}{}   [{}/{}]", labels_.at(stage),
                      ClockText(shown.since_begin.Seconds()), loss, done_, needed_));
  }
}

void ProgressDisplay::Tick() {
  if (!terminal_ || since_draw_.Seconds() < kDrawSeconds) return;
  since_draw_.Restart();
  Erase();
  Draw();
}

void ProgressDisplay::Print(const std::string& line) {
  std::fputs(fmt::format("{}\n", line).c_str(), stderr);  // a study goes on where nobody can see it
}

void ProgressDisplay::Erase() {
  if (drawn_lines_ > 0) std::fputs(fmt::format("\x1b[{}A\x1b[J", drawn_lines_).c_str(), stderr);
  drawn_lines_ = 0;
}

void ProgressDisplay::Draw() {
  const auto columns = static_cast<size_t>(TerminalColumns() - 1);
  const auto draw = [&](const std::string& line) {
    Print(line.substr(0, BytesOfCharacters(line, columns)));  // a line that wraps is not erased
    ++drawn_lines_;
  };
  for (const auto& [stage, shown] : running_) draw(StageLine(stage, shown));
  draw(SummaryLine());
}

std::string ProgressDisplay::StageLine(const Fingerprint& stage, const Shown& shown) const {
  const StageProgress& progress = shown.progress;
  const std::string& label = labels_.at(stage);
  if (progress.steps == 0) return fmt::format("  {}", label);
  std::string left;
  if (progress.tokens_per_second > 0 || shown.flops == 0) {
    const double elapsed = shown.since_begin.Seconds();
    const double gained = ShareOf(progress) - shown.begun_share;
    if (gained > 0)
      left = fmt::format("  {} left", ClockText(elapsed * (1 - ShareOf(progress)) / gained));
  }
  // Only trainings have a loss and count tokens.
  const std::string training = shown.flops > 0 ? fmt::format("  loss {:.4f}  {}", progress.loss,
                                                             Rate(progress.tokens_per_second))
                                               : "";
  return fmt::format("  {} {:3.0f}%{}{}  {}", ProgressBar(ShareOf(progress)),
                     100 * ShareOf(progress), training, left, label);
}

std::string ProgressDisplay::SummaryLine() const {
  const double left = SecondsLeft();
  return fmt::format(
      "{}/{} stages done, {} running{}{}, {} elapsed{}", done_, needed_, running_.size(),
      queued_.empty() ? "" : fmt::format(", {} waiting", queued_.size()),
      failed_ > 0 ? fmt::format(", {} failed", failed_) : "", ClockText(since_begin_.Seconds()),
      left >= 0 ? fmt::format(", {} left", ClockText(left)) : "");
}

double ProgressDisplay::SecondsLeft() const {
  double gained = flops_ended_;
  for (const auto& [stage, shown] : running_) {
    gained += shown.flops * (ShareOf(shown.progress) - std::max(0.0, shown.begun_share));
  }
  if (gained <= 0 || flops_total_ <= 0) return -1;
  return since_begin_.Seconds() * std::max(0.0, flops_total_ - gained) / gained;
}

}  // namespace upcycle
