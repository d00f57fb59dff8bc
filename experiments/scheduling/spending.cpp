#include "experiments/scheduling/spending.h"

#include "experiments/run/stage_parts.h"
#include "results/ledger/stage_use.h"

namespace upcycle {
namespace {

// What is there to stay, as a plan predicts it. Checkpoints go when their training is complete:
// with them, a study that was cut to what fits would not fit while it runs.
int64_t BytesKeptOf(const StageFolder& stage) {
  int64_t bytes = 0;
  for (const StagePart& part : PartsOf(stage)) {
    if (part.kind == PartKind::kOutput) bytes += part.bytes;
  }
  return bytes;
}

}  // namespace

StudyCost SpentOn(const Study& study, const fs::path& root) {
  StudyCost spent;
  const auto uses = ReadStageUse(root / "ledger.sqlite");
  for (const Fingerprint& stage : study.order) {
    if (const auto use = uses.find(stage); use != uses.end()) {
      const bool on_gpu = use->second.gpu_seconds > 0;
      spent.core_seconds += on_gpu ? 0 : use->second.cpu_seconds;
      spent.gpu_seconds += use->second.gpu_seconds;
    }
    if (study.recipe.budget.disk_gb > 0) {
      spent.disk_bytes += BytesKeptOf(StageFolder(root, stage));
    }
  }
  return spent;
}

std::string Spending::WhyNoMore() {
  if (looked_ && since_look_.Seconds() < pause_seconds_) return why_;
  StudyCost spent = SpentOn(study_, root_);
  spent.wall_seconds = launch_.Seconds();
  const std::string excess = DescribeExcess(study_.recipe.budget, spent);
  why_ = excess.empty() ? "" : "the study has spent " + excess;
  looked_ = true;
  since_look_.Restart();
  return why_;
}

}  // namespace upcycle
