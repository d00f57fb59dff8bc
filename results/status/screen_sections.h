// The parts of the live view of a terminal (results/status/screen.h), each as lines.
#pragma once

#include <cstddef>
#include <vector>

#include "results/status/screen.h"
#include "results/status/screen_line.h"

namespace upcycle {

using ScreenLineList = std::vector<ScreenLine>;

// The machine and its GPUs.
ScreenLineList HeadLines(const ScreenFacts& facts);
ScreenLineList StudyHeadLines(const StudyView& study, size_t columns);
// A line of titles, then one line for each arm.
ScreenLineList ArmLines(const ScreenFacts& facts, const StudyView& study, size_t columns);
ScreenLineList RunningLines(const StudyView& study, size_t columns);
ScreenLineList EndedLines(const StudyView& study);
ScreenLineList WaitLines(const StudyView& study);
ScreenLineList MessageLines(const StudyView& study, double now);
// One for each study but the one that is shown whole; those that run first.
ScreenLineList OtherStudyLines(const ScreenFacts& facts);

}  // namespace upcycle
