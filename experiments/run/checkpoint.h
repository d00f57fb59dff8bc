// Checkpoints of a training under way: a model folder, and beside it what else the next step
// depends on (both moments, the step, what was collected for the next record), so that a resumed
// training gives the bits of an undisturbed one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/files.h"
#include "experiments/model/parameters.h"

namespace upcycle {

class Checkpoints {
 public:
  // Lives in `folder`, one subfolder a checkpoint, "step_00001200". The newest is kept.
  Checkpoints(fs::path folder, fs::path tokenizer, int64_t end_of_text);

  // Writes one for `step` with the trainer's own state, and removes older ones when it is whole.
  void Write(int64_t step, const nlohmann::json& state, const ModelParameters& parameters,
             Backend& backend);

  // Reads the trainer's own state and changes nothing yet; what it gives back puts the state in
  // place. Throws Error(kInput), or what the JSON library throws, at a state that cannot be used.
  using StateReader = std::function<std::function<void()>(const nlohmann::json& state)>;

  // Restores the newest checkpoint that is whole, its state last; false if there is none, and
  // weights and moments may then have been touched. One that is damaged or of another model, or
  // whose state cannot be used, is passed over for the one before it; `passed_over` tells why. Any
  // other error ends the attempt.
  bool Restore(ModelParameters& parameters, Backend& backend, const StateReader& reader,
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
