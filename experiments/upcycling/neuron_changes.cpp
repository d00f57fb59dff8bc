#include "experiments/upcycling/neuron_changes.h"

#include <algorithm>
#include <cmath>

#include "experiments/model/parameters.h"

namespace upcycle {
namespace {

// Calls change(value, place in the whole matrix) for every element of the neurons in these rows.
template <typename Change>
void ForEachElement(const NeuronRows& rows, const Change& change) {
  const int64_t count = static_cast<int64_t>(rows.values.size()) / rows.columns;
  const auto at = [&](int64_t row, int64_t column) {
    change(rows.values[static_cast<size_t>(row * rows.columns + column)],
           static_cast<uint64_t>((rows.first_row + row) * rows.columns + column));
  };
  if (rows.part.kind == PartKind::kExpertDown) {
    for (int64_t row = 0; row < count; ++row) {
      for (const int64_t neuron : rows.neurons) at(row, neuron);
    }
    return;
  }
  const auto first = std::lower_bound(rows.neurons.begin(), rows.neurons.end(), rows.first_row);
  for (auto neuron = first; neuron != rows.neurons.end(); ++neuron) {
    if (*neuron >= rows.first_row + count) return;
    for (int64_t column = 0; column < rows.columns; ++column) {
      at(*neuron - rows.first_row, column);
    }
  }
}

void DrawNormal(const NeuronRows& rows, double mean, double std, const RandomStream& stream) {
  ForEachElement(rows, [&](float& value, uint64_t place) {
    value = static_cast<float>(mean + std * stream.Normal(place));
  });
}

}  // namespace

NormalMoments MomentsOfNeurons(const RowVisitor& visit) {
  double count = 0, sum = 0, squares = 0;
  visit([&](const NeuronRows& rows) {
    ForEachElement(rows, [&](float value, uint64_t) {
      sum += value;
      ++count;
    });
  });
  if (count == 0) return {};
  const double mean = sum / count;
  visit([&](const NeuronRows& rows) {
    ForEachElement(rows, [&](float value, uint64_t) {
      squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
    });
  });
  return {mean, std::sqrt(squares / count)};
}

void RedrawNeurons(const NeuronRows& rows, const NormalMoments& moments,
                   const RandomStream& stream) {
  DrawNormal(rows, moments.mean, moments.deviation, stream);
}

void AddNoise(const NeuronRows& rows, double std, const RandomStream& stream) {
  ForEachElement(rows, [&](float& value, uint64_t place) {
    value = static_cast<float>(static_cast<double>(value) + std * stream.Normal(place));
  });
}

void RefreshNeurons(const NeuronRows& rows, const Architecture& architecture,
                    const RandomStream& stream) {
  DrawNormal(rows, 0, FreshStd(rows.part, architecture), stream);
}

}  // namespace upcycle
