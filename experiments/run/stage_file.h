// A stage as its folder describes it.
#pragma once

#include "core/files.h"
#include "experiments/run/stage.h"

namespace upcycle {

// Throws Error(kInput), with what to do, for a description that is damaged.
Stage ReadStage(const fs::path& description);

}  // namespace upcycle
