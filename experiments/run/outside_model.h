// Models that no stage made, and how a stage says which one it reads.
#pragma once

#include <optional>

#include "core/files.h"
#include "core/fingerprint.h"
#include "experiments/run/stage.h"

namespace upcycle {

struct OutsideModel {
  fs::path model;
  fs::path tokenizer;
  Fingerprint content;  // of both: OutsideContent (experiments/formats/parent_model.h)
};

// Its content becomes one of the stage's settings; where it lies is no part of the identity.
void NameOutsideModel(const OutsideModel& model, Stage& stage);

// Nothing where the stage names none.
std::optional<OutsideModel> ReadOutsideModel(const Stage& stage);

}  // namespace upcycle
