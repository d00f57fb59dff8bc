#include "experiments/formats/stored_values.h"

#include <algorithm>

namespace upcycle {
namespace {

// So many numbers of a matrix are in memory at a time while it is transposed.
constexpr int64_t kTransposedAtATime = 1 << 20;

}  // namespace

void StoredValues::Read(const StoredTensor& tensor, int64_t begin, std::span<float> out) const {
  if (tensor.parts.empty()) return std::fill(out.begin(), out.end(), 0.0f);
  if (tensor.is_transposed) return ReadTransposed(tensor, begin, out);
  ReadStacked(tensor, begin, out);
  if (!tensor.is_less_one) return;
  for (float& value : out) value -= 1;
}

void StoredValues::ReadStacked(const StoredTensor& tensor, int64_t begin,
                               std::span<float> out) const {
  const int64_t rows = static_cast<int64_t>(out.size()) / tensor.columns;
  for (int64_t done = 0; done < rows;) {
    const StoredTensors::Run run = tensors_.RunAt(tensor, begin + done);
    const int64_t count = std::min(run.rows, rows - done);
    rows_(tensor.parts[run.part], run.row,
          out.subspan(static_cast<size_t>(done * tensor.columns),
                      static_cast<size_t>(count * tensor.columns)));
    done += count;
  }
}

// Rows of the file are columns of ours: all of ours are read, some at a time, for those that are
// asked for.
void StoredValues::ReadTransposed(const StoredTensor& tensor, int64_t begin,
                                  std::span<float> out) const {
  const int64_t asked = static_cast<int64_t>(out.size()) / tensor.rows;
  const int64_t at_a_time = std::max<int64_t>(1, kTransposedAtATime / tensor.columns);
  std::vector<float> rows;
  for (int64_t row = 0; row < tensor.rows; row += at_a_time) {
    const int64_t count = std::min(at_a_time, tensor.rows - row);
    rows.resize(static_cast<size_t>(count * tensor.columns));
    ReadStacked(tensor, row, rows);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t column = 0; column < asked; ++column) {
        out[static_cast<size_t>(column * tensor.rows + row + i)] =
            rows[static_cast<size_t>(i * tensor.columns + begin + column)];
      }
    }
  }
}

}  // namespace upcycle
