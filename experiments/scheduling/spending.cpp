#include "experiments/scheduling/spending.h"

#include "experiments/run/stage_folder.h"
#include "results/ledger/stage_use.h"

namespace upcycle {
namespace {

// Of files that other processes write and remove meanwhile.
int64_t BytesUnder(const fs::path& folder) {
  int64_t bytes = 0;
  std::error_code error;
  for (auto file = fs::recursive_directory_iterator(folder, error);
       !error && file != fs::recursive_directory_iterator(); file.increment(error)) {
    std::error_code gone;
    const uintmax_t size = file->is_regular_file(gone) ? file->file_size(gone) : 0;
    if (!gone) bytes += static_cast<int64_t>(size);
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
      spent.disk_bytes += BytesUnder(StageFolder(root, stage).path());
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
