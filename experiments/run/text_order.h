// Stages that measure how likely a model from outside finds a text.
#pragma once

#include <string>

#include "core/files.h"
#include "core/fingerprint.h"
#include "core/mapped_file.h"
#include "core/recipe/settings.h"
#include "experiments/run/outside_model.h"
#include "experiments/run/stage.h"

namespace upcycle {

struct TextOrder {
  std::string name;  // what tables call the text
  fs::path file;     // UTF-8
  Fingerprint content;
  int64_t block = 0;  // tokens that are scored behind one beginning; 0: as many as a sequence holds
  Precision precision = Precision::kFloat32;
  ExecutionSettings execution;
  OutsideModel model;
};

// Throws Error(kInput) where nothing can be asked about the file: it is empty, not UTF-8, or a
// pipe, which is gone once it was read.
MappedFile OpenAskedText(const fs::path& path);

Stage TextStage(const TextOrder& order);
TextOrder ReadTextOrder(const Stage& stage);

}  // namespace upcycle
