// The elements of a stored tensor as its file holds them, from the parts of the model.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "experiments/formats/stored_tensors.h"
#include "experiments/model/parts.h"

namespace upcycle {

class StoredValues {
 public:
  // Both outlive it. `rows` reads the parts of these tensors.
  StoredValues(const StoredTensors& tensors, const RowReader& rows)
      : tensors_(tensors), rows_(rows) {}

  // Rows [begin, …) of the shape that the file says; a vector's elements are rows of one number.
  void Read(const StoredTensor& tensor, int64_t begin, std::span<float> out) const;

 private:
  void ReadStacked(const StoredTensor& tensor, int64_t begin, std::span<float> out) const;
  void ReadTransposed(const StoredTensor& tensor, int64_t begin, std::span<float> out) const;

  const StoredTensors& tensors_;
  const RowReader& rows_;
};

}  // namespace upcycle
