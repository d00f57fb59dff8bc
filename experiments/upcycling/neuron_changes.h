// What methods do to the hidden neurons that they change, some rows of a matrix at a time. Random
// numbers are a function of the stream and of an element's place in the matrix, so they depend
// neither on which neurons those are nor on how the rows are cut.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/random.h"
#include "experiments/model/architecture.h"
#include "experiments/model/parts.h"

namespace upcycle {

// Rows of one matrix of an expert, gate and up [F/G, D] or down [D, F/G], and the neurons of the
// expert that change: rows of gate and up, columns of down.
struct NeuronRows {
  std::span<float> values;  // row-major
  Part part;
  int64_t first_row = 0;
  int64_t columns = 0;
  std::span<const int64_t> neurons;  // ascending, of the whole expert
};

struct NormalMoments {
  double mean = 0;
  double deviation = 0;
};

// Mean and standard deviation of the changing neurons of a whole matrix; `visit` calls its argument
// with all rows in order, and is called twice. Zeros for no neurons.
using RowVisitor = std::function<void(const std::function<void(const NeuronRows&)>& body)>;
NormalMoments MomentsOfNeurons(const RowVisitor& visit);

// Draws them from a normal distribution with the moments of the values that they had in the whole
// matrix (Nakamura 2025, section 3).
void RedrawNeurons(const NeuronRows& rows, const NormalMoments& moments,
                   const RandomStream& stream);

// Adds N(0, std) to each value.
void AddNoise(const NeuronRows& rows, double std, const RandomStream& stream);

// Draws them as fresh weights of the part are: normal with FreshStd (parameters.h).
void RefreshNeurons(const NeuronRows& rows, const Architecture& architecture,
                    const RandomStream& stream);

}  // namespace upcycle
