// A model from one format to another, or a dense model to a mixture of experts: streamed tensor by
// tensor in bounded memory, and gone on with where it was broken off.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/fingerprint.h"
#include "experiments/conversion/conversion_plan.h"
#include "experiments/formats/model_source.h"

namespace upcycle {

// Told after each piece how much of the output is there; throws to break the conversion off.
using ConversionObserver = std::function<void(int64_t bytes_done)>;

class Conversion {
 public:
  // The sources outlive it: one model, or the branches of branch_train_mix, of one architecture.
  // Throws Error(kInput) as PlanConversion does, and for a tokenizer that cannot be read.
  Conversion(const std::vector<std::unique_ptr<ModelSource>>& sources,
             const ConversionSettings& settings);

  const ConversionPlan& plan() const { return plan_; }

  // Writes the folder `output`, which does not exist. Memory is some 100 MB whatever the model's
  // size. Broken off, it leaves "OUTPUT.unfinished", from which the same call goes on, file by
  // file. Throws Error as UnfinishedFolder says, and for files that cannot be read or written.
  void Run(const fs::path& output, const ConversionObserver& observe) const;

 private:
  // Of everything that decides the output: what the sources are, and what is asked for.
  Fingerprint Identity() const;
  void WriteFolder(const ConvertedFolder& folder, const fs::path& path,
                   const ConversionObserver& observe, int64_t& done) const;
  void WriteDescription(const fs::path& path, const ConvertedFolder& folder) const;

  const std::vector<std::unique_ptr<ModelSource>>& sources_;
  ConversionSettings settings_;
  ConversionPlan plan_;
};

}  // namespace upcycle
