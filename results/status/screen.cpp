#include "results/status/screen.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "results/status/screen_sections.h"

namespace upcycle {
namespace {

// Lines that belong together, and how many of them are worth a place before others get more.
struct Section {
  ScreenLineList lines;
  size_t least = 0;
  size_t shown = 0;
};

// Gives each section its least, then the rest to those that come first.
void ShareRows(size_t rows, const std::vector<Section*>& by_importance) {
  for (Section* section : by_importance) {
    section->shown = std::min({section->least, section->lines.size(), rows});
    rows -= section->shown;
  }
  for (Section* section : by_importance) {
    const size_t more = std::min(section->lines.size() - section->shown, rows);
    section->shown += more;
    rows -= more;
  }
}

void AddSection(const Section& section, const ScreenLayout& layout,
                std::vector<std::string>* lines) {
  const size_t count = section.lines.size();
  const bool is_cut = section.shown < count;
  const size_t whole = is_cut && section.shown > 1 ? section.shown - 1 : section.shown;
  for (size_t i = 0; i < whole; ++i) {
    lines->push_back(section.lines[i].Text(layout.columns, layout.color));
  }
  if (whole == section.shown) return;
  ScreenLine rest;
  rest.Add(fmt::format("and {} more", count - whole), Tone::kFaint);
  lines->push_back(rest.Text(layout.columns, layout.color));
}

}  // namespace

std::string Sparkline(const ArmCurve& curve, size_t columns, double low, double high) {
  static constexpr const char* kLevels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string line;
  size_t next = 0;
  double value = 0;
  for (size_t cell = 0; cell < columns; ++cell) {
    const auto end = static_cast<int64_t>((cell + 1) * static_cast<size_t>(curve.steps + 1) /
                                          columns);  // behind the cell's last step
    const bool is_reached = next < curve.points.size();
    for (; next < curve.points.size() && curve.points[next].step < end; ++next) {
      value = curve.points[next].mean;
    }
    if (!is_reached || next == 0) {
      line += ' ';
      continue;
    }
    const double share = high > low ? std::clamp((value - low) / (high - low), 0.0, 1.0) : 0;
    line += kLevels[static_cast<size_t>(std::lround(share * 7))];
  }
  return line;
}

std::vector<std::string> ScreenLines(const ScreenFacts& facts, const ScreenLayout& layout) {
  Section head = {HeadLines(facts), 1};
  Section others = {OtherStudyLines(facts), 2};
  Section study, arms, running, ended, waits, messages;
  if (facts.shown < facts.studies.size()) {
    const StudyView& shown = facts.studies[facts.shown];
    study = {StudyHeadLines(shown, layout.columns), 2};
    arms = {ArmLines(facts, shown, layout.columns), 5};
    running = {RunningLines(shown, layout.columns), 3};
    ended = {EndedLines(shown), 2};
    waits = {WaitLines(shown), 2};
    messages = {MessageLines(shown, facts.now), 3};
  } else {
    ScreenLine nothing;
    nothing.Add("no studies yet");
    study = {{nothing}, 1};
  }
  const std::vector<Section*> in_order = {&head,  &study, &arms,     &running,
                                          &ended, &waits, &messages, &others};
  size_t all = 0;
  for (const Section* section : in_order) all += section->lines.size();
  const size_t rows = layout.rows == 0 ? all : layout.rows;
  ShareRows(rows, {&head, &study, &running, &ended, &arms, &waits, &messages, &others});
  std::vector<std::string> lines;
  for (const Section* section : in_order) AddSection(*section, layout, &lines);
  return lines;
}

}  // namespace upcycle
