#include "experiments/model/rope_tables.h"

#include <cmath>
#include <numbers>

namespace upcycle {
namespace {

// Llama 3.1's rule: what turns less than low_frequency_factor times in the length of pretraining is
// lowered whole, what turns more than high_frequency_factor times not at all, and in between the
// two are blended.
double LoweredAsLlama3(double frequency, const RopeScalingSettings& scaling) {
  const double turns =
      static_cast<double>(scaling.original_length) * frequency / (2 * std::numbers::pi);
  if (turns > scaling.high_frequency_factor) return frequency;
  if (turns < scaling.low_frequency_factor) return frequency / scaling.factor;
  const double kept = (turns - scaling.low_frequency_factor) /
                      (scaling.high_frequency_factor - scaling.low_frequency_factor);
  return (1 - kept) * frequency / scaling.factor + kept * frequency;
}

double Lowered(double frequency, const RopeScalingSettings& scaling) {
  switch (scaling.kind) {
    case RopeScaling::kNone:
      break;
    case RopeScaling::kLinear:
      return frequency / scaling.factor;
    case RopeScaling::kLlama3:
      return LoweredAsLlama3(frequency, scaling);
  }
  return frequency;
}

}  // namespace

std::vector<double> RopeFrequencies(const ModelSettings& model) {
  const int64_t half = model.RotaryWidth() / 2;
  std::vector<double> frequencies;
  for (int64_t i = 0; i < half; ++i) {
    const double exponent = -static_cast<double>(i) / static_cast<double>(half);
    frequencies.push_back(Lowered(std::pow(model.rope_theta, exponent), model.rope_scaling));
  }
  return frequencies;
}

void FillRopeTables(Backend& backend, const RopeTables& tables, const ModelSettings& model) {
  const std::vector<double> frequencies = RopeFrequencies(model);
  std::vector<float> cosines, sines;
  for (int64_t position = 0; position < tables.cosines.dim(0); ++position) {
    for (const double frequency : frequencies) {
      const double angle = static_cast<double>(position) * frequency;
      cosines.push_back(static_cast<float>(std::cos(angle)));
      sines.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  backend.CopyFromHost(tables.cosines, ConstTensor(cosines.data(), tables.cosines.shape()));
  backend.CopyFromHost(tables.sines, ConstTensor(sines.data(), tables.sines.shape()));
}

}  // namespace upcycle
