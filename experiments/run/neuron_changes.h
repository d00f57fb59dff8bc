// What methods do to the hidden neurons that they change. Random numbers are a function of the
// stream and of an element's place in the matrix, so they do not depend on which neurons those are.
#pragma once

#include <cstdint>
#include <span>

#include "core/random.h"
#include "experiments/run/architecture.h"
#include "experiments/run/parts.h"

namespace upcycle {

// Neurons of one matrix of an expert: rows of gate and up [F/G, D], columns of down [D, F/G].
struct NeuronsOfMatrix {
  std::span<float> values;  // the whole matrix, row-major
  Part part;
  int64_t width = 0;                 // D
  std::span<const int64_t> neurons;  // ascending
};

// Draws them from a normal distribution with the mean and the standard deviation of the values that
// they had in this matrix (Nakamura 2025, section 3). Nothing for no neurons.
void RedrawNeurons(const NeuronsOfMatrix& matrix, const RandomStream& stream);

// Adds N(0, std) to each value.
void AddNoise(const NeuronsOfMatrix& matrix, double std, const RandomStream& stream);

// Draws them as fresh weights of the part are: normal with FreshStd (parameters.h).
void RefreshNeurons(const NeuronsOfMatrix& matrix, const Architecture& architecture,
                    const RandomStream& stream);

}  // namespace upcycle
