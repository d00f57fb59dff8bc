// Which row serves which assignment: a counting sort by expert, then the capacity.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"

namespace upcycle {
namespace {

// counts [E] of the experts' assignments, and offsets [E] as if all were served.
void CountByExpert(int32_t* counts, int32_t* offsets, int64_t experts, ConstTensor expert) {
  std::fill(counts, counts + experts, 0);
  const int32_t* chosen = expert.ints();
  for (int64_t i = 0; i < expert.size(); ++i) {
    UPCYCLE_CHECK(chosen[i] >= 0 && chosen[i] < experts);
    ++counts[chosen[i]];
  }
  int32_t next = 0;
  for (int64_t e = 0; e < experts; ++e) {
    offsets[e] = next;
    next += counts[e];
  }
}

// sorted [n·T] = the assignments by expert, each expert's in the order of the tokens. Uses offsets
// as cursors, so they end where the next expert begins.
void SortByExpert(int32_t* sorted, int32_t* offsets, ConstTensor expert) {
  const int32_t* chosen = expert.ints();
  for (int64_t i = 0; i < expert.size(); ++i)
    sorted[offsets[chosen[i]]++] = static_cast<int32_t>(i);
}

// Keeps `capacity` of an expert's assignments in front: those with the largest weights, of equals
// the earlier, in the order of the tokens. A weight that is not a number comes last.
void KeepLargest(int32_t* begin, int32_t* end, int64_t capacity, const float* weight) {
  const auto rank = [weight](int32_t i) {
    return std::isnan(weight[i]) ? -std::numeric_limits<float>::infinity() : weight[i];
  };
  std::nth_element(begin, begin + capacity, end, [&](int32_t a, int32_t b) {
    return rank(a) != rank(b) ? rank(a) > rank(b) : a < b;
  });
  std::sort(begin, begin + capacity);
}

}  // namespace

void CpuBackend::DoPlanDispatch(const Dispatch& dispatch, ConstTensor expert, ConstTensor weight,
                                int64_t capacity, DropPolicy policy) {
  const int64_t experts = dispatch.counts.dim(0);
  int32_t* counts = dispatch.counts.ints();
  int32_t* offsets = dispatch.offsets.ints();
  int32_t* row_of = dispatch.row_of.ints();
  int32_t* assignment_of = dispatch.assignment_of.ints();

  // row_of holds the sorted assignments until all rows are given.
  CountByExpert(counts, offsets, experts, expert);
  SortByExpert(row_of, offsets, expert);
  std::fill(assignment_of, assignment_of + dispatch.assignment_of.size(), -1);
  int32_t row = 0;
  int32_t* begin = row_of;
  for (int64_t e = 0; e < experts; ++e) {
    int32_t* end = begin + counts[e];
    if (counts[e] > capacity) {
      if (policy == DropPolicy::kProbs) KeepLargest(begin, end, capacity, weight.floats());
      counts[e] = static_cast<int32_t>(capacity);
    }
    if (dispatch.path == ExpertPath::kPadded) row = static_cast<int32_t>(e * capacity);
    offsets[e] = row;
    std::copy(begin, begin + counts[e], assignment_of + row);
    row += counts[e];
    begin = end;
  }

  std::fill(row_of, row_of + dispatch.row_of.size(), -1);
  for (int32_t r = 0; r < static_cast<int32_t>(dispatch.assignment_of.size()); ++r) {
    if (assignment_of[r] >= 0) row_of[assignment_of[r]] = r;
  }
}

}  // namespace upcycle
