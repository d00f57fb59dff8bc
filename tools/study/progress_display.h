// What a running study shows on standard error: live lines on a terminal, plain lines elsewhere.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/stopwatch.h"
#include "experiments/scheduling/scheduler.h"
#include "experiments/study/plan.h"
#include "experiments/study/study.h"

namespace upcycle {

class ProgressDisplay : public StudyObserver {
 public:
  ProgressDisplay(const Study& study, const std::map<Fingerprint, StagePlan>& plan, bool terminal);
  ~ProgressDisplay() override;  // leaves the terminal's lines clean

  void Started(const Fingerprint& stage, int64_t threads) override;
  void Progressed(const Fingerprint& stage, const StageProgress& progress) override;
  void Ended(const Fingerprint& stage, StageState outcome, const std::string& reason) override;
  void Retried(const Fingerprint& stage, const std::string& reason) override;
  void Held(const Fingerprint& stage, const std::string& reason) override;
  void Queued(const Fingerprint& stage, const std::string& reason) override;
  void Tick() override;

 private:
  struct Shown {
    StageProgress progress;
    double flops = 0;         // of the whole stage
    double begun_share = -1;  // where this attempt began, for the rate
    Stopwatch since_begin, since_line;
  };

  void Note(const char* what, const Fingerprint& stage, const std::string& more);
  void Draw();
  void Erase();
  void Print(const std::string& line);
  std::string StageLine(const Fingerprint& stage, const Shown& shown) const;
  std::string SummaryLine() const;
  double SecondsLeft() const;  // of the study; negative while unknown

  const Study& study_;
  std::map<Fingerprint, std::string> labels_;
  std::map<Fingerprint, Shown> running_;
  std::set<Fingerprint> queued_;
  bool terminal_;
  int needed_ = 0;
  int done_ = 0;
  int failed_ = 0;
  int drawn_lines_ = 0;
  double flops_ended_ = 0;
  double flops_total_ = 0;
  Stopwatch since_begin_, since_draw_;
};

}  // namespace upcycle
