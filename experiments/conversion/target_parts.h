// The parts of a conversion's target: the source's own, or upcycled from the sources'.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "experiments/conversion/conversion_plan.h"
#include "experiments/formats/model_source.h"
#include "experiments/model/parts.h"
#include "experiments/upcycling/upcycle.h"

namespace upcycle {

// A tensor of a source that is a tensor of the target too, number by number.
struct Original {
  const ModelSource* source = nullptr;
  const StoredTensor* tensor = nullptr;
};

class TargetParts {
 public:
  // What is given outlives it.
  TargetParts(const std::vector<std::unique_ptr<ModelSource>>& sources,
              const ConversionSettings& settings, const Architecture& target);

  // As a RowReader. Pages of the sources go back to the system as they are left behind.
  void Read(const Part& part, int64_t begin, std::span<float> out);

  std::optional<Original> OriginalOf(const StoredTensor& tensor);

  // Tells that a tensor will be read soon.
  void Prefetch(const StoredTensor& tensor) const;

 private:
  const UpcycledPart& Upcycled(const Part& part);
  void ReadSource(const ModelSource& source, const Part& part, int64_t begin, std::span<float> out);

  const std::vector<std::unique_ptr<ModelSource>>& sources_;
  std::vector<RowReader> parents_;
  std::optional<Upcycler> upcycler_;
  std::optional<UpcycledPart> made_;  // the part that was read last
  Part made_of_ = {};
  int64_t mapped_ = 0;  // bytes that were read since pages were given back
};

}  // namespace upcycle
