// Checkpoints of a training under way: a model folder, and beside it what else the next step
// depends on (both moments, the step, what was collected for the next record), so that a resumed
// training gives the bits of an undisturbed one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/files.h"
#include "experiments/run/parameters.h"

namespace upcycle {

class Checkpoints {
 public:
  // Lives in `folder`, one subfolder a checkpoint, "step_00001200". The newest is kept.
  Checkpoints(fs::path folder, fs::path tokenizer, int64_t end_of_text);

  // Writes one for `step` with the trainer's own state, and removes older ones when it is whole.
  void Write(int64_t step, const nlohmann::json& state, const ModelParameters& parameters,
             Backend& backend);

  // Restores the newest checkpoint that is whole; false if there is none. Its state goes to
  // `restore_state` before any weight is touched. One that is damaged, or that `restore_state`
  // throws at, is passed over for the one before it; `passed_over` tells why.
  bool Restore(ModelParameters& parameters, Backend& backend,
               const std::function<void(const nlohmann::json& state)>& restore_state,
               std::vector<std::string>& passed_over);

  // Removes all: the training is complete.
  void Clear();

 private:
  fs::path FolderOf(int64_t step) const;
  std::vector<fs::path> NewestFirst() const;

  fs::path folder_;
  fs::path tokenizer_;
  int64_t end_of_text_;
};

}  // namespace upcycle
