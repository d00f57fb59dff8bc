#include "experiments/run/progress_record.h"

#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

constexpr double kSecondsBetween = 0.5;
// Parts have different numbers of pieces, so what is told are thousandths of a part.
constexpr size_t kThousandths = 1000;

}  // namespace

ProgressRecord::ProgressRecord(const StageContext& context, size_t parts)
    : context_(context), parts_(parts) {}

void ProgressRecord::At(size_t part, size_t done, size_t count) {
  context_.LeaveIfStopped();
  if (is_told_ && since_.Seconds() < kSecondsBetween && done < count) return;
  is_told_ = true;
  since_ = Stopwatch();
  context_.journal.Event({{"event", "progress"},
                          {"step", kThousandths * part + kThousandths * done / count},
                          {"steps", kThousandths * parts_}});
  context_.journal.Flush();
}

}  // namespace upcycle
