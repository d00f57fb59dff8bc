// The tensors of a model as a format's files hold them: under which names, and how the parts of the
// model (experiments/model/parts.h) lie in them. One small table a family says so (tensor_names.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/tensor.h"
#include "experiments/formats/formats.h"
#include "experiments/model/architecture.h"
#include "experiments/model/parts.h"

namespace upcycle {

// How the rows of several parts follow each other in one tensor.
//   kStacked  all of the first, then all of the second …: GPT-2's c_attn
//   kByHead   W of the first, W of the second …, head by head: GPT-NeoX's query_key_value
enum class Stacking { kStacked, kByHead };

// A tensor of the file: the rows of its parts, a vector's elements being rows of one number.
// Without parts it is one that the class asks for and the model does not have: zeros.
struct StoredTensor {
  std::string name = "";
  std::vector<Part> parts = {};
  Stacking stacking = Stacking::kStacked;
  bool is_transposed = false;  // the file holds [columns, rows]: GPT-2's Conv1D
  bool is_less_one = false;    // the file holds a norm's factor less 1: Gemma, Nemotron
  int64_t rows = 0;            // of all parts
  int64_t columns = 0;         // 1 for vectors
  bool is_vector = false;

  std::vector<int64_t> FileShape() const;
  // Of the shape in the file, a vector's elements being rows of one number.
  int64_t FileRows() const { return is_transposed ? columns : rows; }
  int64_t FileColumns() const { return is_transposed ? rows : columns; }
};

class StoredTensors {
 public:
  // The tensors of a format that computes the architecture (ReasonAgainst is empty), in the order
  // in which files hold them.
  StoredTensors(const Architecture& architecture, Format format);
  // Those of some of its parts. Where the architecture is a rank's share of a larger one
  // (parallel_layout.h), the parts are numbered as in the whole.
  StoredTensors(const Architecture& architecture, Format format, const std::vector<Part>& parts);

  const std::vector<StoredTensor>& all() const { return tensors_; }

  // Rows of one part that follow each other in a tensor too, where they begin at `row`.
  struct Run {
    size_t part = 0;         // of the tensor's
    int64_t row = 0;         // of the part
    int64_t stored_row = 0;  // of the tensor, before it is transposed
    int64_t rows = 0;        // to the run's end
  };
  Run RunAt(const StoredTensor& tensor, int64_t stored_row) const;
  Run RunOf(const StoredTensor& tensor, size_t part, int64_t row) const;

  // The tensor that holds a part, and the part's place among its parts; null where none does.
  struct Holder {
    const StoredTensor* tensor = nullptr;
    size_t part = 0;
  };
  Holder HolderOf(const Part& part) const;

 private:
  void Add(const Part& part, Format format);
  void AddUnfeltSharedExpert(int64_t layer);
  int64_t RowsOf(const Part& part) const;

  Architecture architecture_;
  std::vector<StoredTensor> tensors_;
  std::map<std::string, size_t> by_name_;
  // By layer, expert and kind.
  std::map<std::tuple<int64_t, int64_t, PartKind>, std::pair<size_t, size_t>> by_part_;
};

}  // namespace upcycle
