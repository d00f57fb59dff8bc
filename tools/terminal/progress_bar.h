// How far a long piece of work is, on standard error.
#pragma once

#include <cstdint>
#include <string>

#include "core/stopwatch.h"

namespace upcycle {

// "━━━━━━──────" of a share in [0, 1].
std::string ProgressBar(double share);

// One line that is drawn again and again on a terminal; a plain line now and then elsewhere.
class ByteProgress {
 public:
  ByteProgress(int64_t bytes, bool terminal) : bytes_(bytes), terminal_(terminal) {}
  ~ByteProgress();  // leaves the terminal's line clean
  ByteProgress(const ByteProgress&) = delete;
  ByteProgress& operator=(const ByteProgress&) = delete;

  // What was there before the work began counts as done, and not for the rate.
  void Begin(int64_t done) { begun_ = done; }
  void Show(int64_t done);

  double Seconds() const { return since_begin_.Seconds(); }

 private:
  std::string Line(int64_t done) const;

  int64_t bytes_;
  int64_t begun_ = 0;
  bool terminal_;
  bool is_drawn_ = false;
  Stopwatch since_begin_, since_line_;
};

}  // namespace upcycle
