#include "tools/terminal/progress_bar.h"

#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr int kBarCells = 24;
constexpr double kDrawSeconds = 0.2;
constexpr double kPlainLineSeconds = 20;

}  // namespace

std::string ProgressBar(double share) {
  const int full = static_cast<int>(std::lround(share * kBarCells));
  std::string bar;
  for (int i = 0; i < kBarCells; ++i) bar += i < full ? "━" : "─";
  return bar;
}

ByteProgress::~ByteProgress() {
  if (is_drawn_) std::fputs("\r\x1b[K", stderr);
}

void ByteProgress::Show(int64_t done) {
  if (since_line_.Seconds() < (terminal_ ? kDrawSeconds : kPlainLineSeconds)) return;
  since_line_.Restart();
  std::fputs(
      fmt::format("{}{}{}", terminal_ ? "\r" : "", Line(done), terminal_ ? "\x1b[K" : "\n").c_str(),
      stderr);
  is_drawn_ = terminal_;
}

std::string ByteProgress::Line(int64_t done) const {
  const double share = bytes_ == 0 ? 1 : static_cast<double>(done) / static_cast<double>(bytes_);
  const double gained = static_cast<double>(done - begun_);
  const double rate = gained / Seconds();
  std::string left;
  if (gained > 0) {
    left = fmt::format(", {} left", ClockText(static_cast<double>(bytes_ - done) / rate));
  }
  return fmt::format("{} {:3.0f}%  {} of {}, {}/s{}", ProgressBar(share), 100 * share,
                     BytesText(static_cast<double>(done)), BytesText(static_cast<double>(bytes_)),
                     BytesText(rate), left);
}

}  // namespace upcycle
