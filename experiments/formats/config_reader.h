// config.json of a Hugging Face folder, in our words.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/files.h"
#include "experiments/formats/formats.h"
#include "experiments/model/architecture.h"

namespace upcycle {

struct ModelConfig {
  Architecture architecture;
  Format format = Format::kDense;
};

// Dense models of every family, the mixtures of formats.h, and our own folders. Throws
// Error(kInput), naming the file and the setting, for a class that is not known and for a feature
// that the trainer does not compute: nothing is passed over that would make it another model. Where
// attention looks back over a window, sequences are as long as that at most, and the window is
// never felt. What is said of training alone (dropout, losses of the router) is not read.
ModelConfig ReadModelConfig(const fs::path& folder);

// The same of a parsed file; `path` is for messages.
ModelConfig ModelConfigOf(const nlohmann::json& config, const fs::path& path);

}  // namespace upcycle
