// A live view of studies as lines of a terminal: what runs, how far it is, how its losses go, what
// waits and failed. Made to fit: of a small terminal the less important goes first.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/machine_load.h"
#include "results/status/curves.h"
#include "results/status/study_view.h"

namespace upcycle {

struct ScreenLayout {
  size_t columns = 80;
  size_t rows = 24;    // 0: as many as there are
  bool color = false;  // with ANSI escapes
};

// How many points of a curve a sparkline shows at most.
inline constexpr int64_t kSparklinePoints = 48;

struct ScreenFacts {
  std::string root;  // the folder of all state, as it was named
  MachineLoad machine;
  double now = 0;  // seconds since 1970
  std::vector<StudyView> studies = {};
  size_t shown = 0;  // which of them is shown whole, if there is one
  std::vector<ArmCurve> train_loss = {},
                        metric = {};  // of that one's arms, as the study lists them
};

// At most `layout.rows` lines of at most `layout.columns` columns, without their ends.
std::vector<std::string> ScreenLines(const ScreenFacts& facts, const ScreenLayout& layout);

// "█▆▄▃▂▁": the means of a curve from its first to its last step in `columns` cells, of which those
// that the training has not reached are blank. Values are placed between `low` and `high`.
std::string Sparkline(const ArmCurve& curve, size_t columns, double low, double high);

}  // namespace upcycle
