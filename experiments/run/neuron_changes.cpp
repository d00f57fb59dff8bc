#include "experiments/run/neuron_changes.h"

#include <cmath>

#include "experiments/run/parameters.h"

namespace upcycle {
namespace {

// Calls change(value, place) for every element of the neurons.
template <typename Change>
void ForEachElement(const NeuronsOfMatrix& matrix, const Change& change) {
  const auto at = [&](int64_t place) {
    change(matrix.values[static_cast<size_t>(place)], static_cast<uint64_t>(place));
  };
  if (matrix.part.kind != PartKind::kExpertDown) {
    for (const int64_t neuron : matrix.neurons) {
      for (int64_t i = 0; i < matrix.width; ++i) at(neuron * matrix.width + i);
    }
    return;
  }
  const int64_t hidden = static_cast<int64_t>(matrix.values.size()) / matrix.width;
  for (int64_t row = 0; row < matrix.width; ++row) {
    for (const int64_t neuron : matrix.neurons) at(row * hidden + neuron);
  }
}

void DrawNormal(const NeuronsOfMatrix& matrix, double mean, double std,
                const RandomStream& stream) {
  ForEachElement(matrix, [&](float& value, uint64_t place) {
    value = static_cast<float>(mean + std * stream.Normal(place));
  });
}

}  // namespace

void RedrawNeurons(const NeuronsOfMatrix& matrix, const RandomStream& stream) {
  if (matrix.neurons.empty()) return;
  const double count =
      static_cast<double>(matrix.neurons.size()) * static_cast<double>(matrix.width);
  double sum = 0, squares = 0;
  ForEachElement(matrix, [&](float value, uint64_t) { sum += value; });
  const double mean = sum / count;
  ForEachElement(matrix, [&](float value, uint64_t) {
    squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  });
  DrawNormal(matrix, mean, std::sqrt(squares / count), stream);
}

void AddNoise(const NeuronsOfMatrix& matrix, double std, const RandomStream& stream) {
  ForEachElement(matrix, [&](float& value, uint64_t place) {
    value = static_cast<float>(static_cast<double>(value) + std * stream.Normal(place));
  });
}

void RefreshNeurons(const NeuronsOfMatrix& matrix, const Architecture& architecture,
                    const RandomStream& stream) {
  DrawNormal(matrix, 0, FreshStd(matrix.part, architecture), stream);
}

}  // namespace upcycle
