// Which row serves which assignment. One block an expert, which goes through all assignments in the
// order of the tokens, so nothing is sorted and nothing depends on which block is first.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/launch.h"

namespace upcycle {
namespace {

constexpr int kThreads = 512;
constexpr int kDigits = 256;  // of a key, 8 bits at a time

// What an expert keeps: all assignments of keys above `key`, and the first `of_equal` that have it.
struct Kept {
  uint32_t key;
  int32_t of_equal;
};

constexpr int32_t kClosedUp = -1;  // in place of a number of padded rows

constexpr uint32_t kAnyKey = 1, kBelowAll = 0, kAboveAll = 0xffffffff;

// Larger weights have larger keys; a weight that is not a number has that of -∞. Without a choice
// by weight all keys are equal.
__device__ __forceinline__ uint32_t KeyOf(float weight, bool by_weight) {
  if (!by_weight) return kAnyKey;
  const float rank = weight != weight ? -kInfinity : weight + 0.0f;  // -0 becomes 0
  const auto bits = static_cast<uint32_t>(__float_as_int(rank));
  return bits >> 31 != 0 ? ~bits : bits | 0x80000000;
}

// The key of rank `capacity` among an expert's, 8 bits at a time from the highest: how many share
// the digits found so far tells the next.
__device__ Kept SelectKept(const int32_t* expert, const float* weight, int64_t assignments,
                           int32_t own, int32_t capacity) {
  __shared__ int32_t histogram[kDigits];
  __shared__ uint32_t found;
  __shared__ int32_t left;
  const int thread = static_cast<int>(threadIdx.x);
  uint32_t prefix = 0;
  int32_t wanted = capacity;
  for (int shift = 24; shift >= 0; shift -= 8) {
    __syncthreads();
    for (int d = thread; d < kDigits; d += kThreads) histogram[d] = 0;
    __syncthreads();
    const uint32_t high = shift == 24 ? 0 : 0xffffffff << (shift + 8);
    for (int64_t i = thread; i < assignments; i += kThreads) {
      if (expert[i] != own) continue;
      const uint32_t key = KeyOf(weight[i], true);
      if ((key & high) == prefix) atomicAdd(&histogram[key >> shift & 0xff], 1);
    }
    __syncthreads();
    if (thread == 0) {
      int digit = kDigits - 1;
      int32_t above = 0;
      while (digit > 0 && above + histogram[digit] < wanted) above += histogram[digit--];
      found = prefix | static_cast<uint32_t>(digit) << shift;
      left = wanted - above;
    }
    __syncthreads();
    prefix = found;
    wanted = left;
  }
  return {prefix, wanted};
}

// counts [E] = rows that each expert serves, kept [E] = which.
__global__ void CountKernel(int32_t* counts, Kept* kept, const int32_t* expert, const float* weight,
                            int64_t assignments, int32_t capacity, bool by_weight, int32_t* fault) {
  const int32_t own = static_cast<int32_t>(blockIdx.x), experts = static_cast<int32_t>(gridDim.x);
  const int thread = static_cast<int>(threadIdx.x);
  int32_t mine = 0;
  for (int64_t i = thread; i < assignments; i += kThreads) {
    const int32_t e = expert[i];
    mine += e == own ? 1 : 0;
    if (e < 0 || e >= experts) *fault = static_cast<int32_t>(DeviceFault::kExpert);
  }
  const int32_t count = SumOverBlock(mine);
  Kept choice = {kBelowAll, 0};
  if (count > capacity) {
    if (!by_weight) {
      choice = {kAnyKey, capacity};
    } else if (capacity == 0) {
      choice = {kAboveAll, 0};
    } else {
      choice = SelectKept(expert, weight, assignments, own, capacity);
    }
  }
  if (thread != 0) return;
  counts[own] = count < capacity ? count : capacity;
  kept[own] = choice;
}

// offsets [E], and the rows of every assignment that is served; the others stay as they are. Every
// expert has `padded_rows`, or as many as it serves.
__global__ void AssignKernel(int32_t* offsets, int32_t* row_of, int32_t* assignment_of,
                             const int32_t* counts, const Kept* all_kept, const int32_t* expert,
                             const float* weight, int64_t assignments, bool by_weight,
                             int32_t padded_rows) {
  const int32_t own = static_cast<int32_t>(blockIdx.x);
  const int thread = static_cast<int>(threadIdx.x);
  int32_t before = 0;
  for (int e = thread; e < own; e += kThreads) before += counts[e];
  const int32_t rows_before = SumOverBlock(before);
  int32_t row = padded_rows == kClosedUp ? rows_before : own * padded_rows;
  if (thread == 0) offsets[own] = row;
  const Kept kept = all_kept[own];
  int32_t equal_left = kept.of_equal;
  for (int64_t begin = 0; begin < assignments; begin += kThreads) {
    const int64_t i = begin + thread;
    const uint32_t key =
        i < assignments && expert[i] == own ? KeyOf(weight[i], by_weight) : kBelowAll;
    int equal_count = 0, kept_count = 0;
    const int equal_before = SumBefore(key == kept.key ? 1 : 0, &equal_count);
    const int serves = key > kept.key || (key == kept.key && equal_before < equal_left) ? 1 : 0;
    const int place = SumBefore(serves, &kept_count);
    if (serves != 0) {
      row_of[i] = row + place;
      assignment_of[row + place] = static_cast<int32_t>(i);
    }
    equal_left -= equal_count < equal_left ? equal_count : equal_left;
    row += kept_count;
  }
}

}  // namespace

void CudaBackend::DoPlanDispatch(const Dispatch& dispatch, ConstTensor expert, ConstTensor weight,
                                 int64_t capacity, DropPolicy policy) {
  const int64_t experts = dispatch.counts.dim(0), assignments = expert.size();
  const int64_t most = capacity < assignments ? capacity : assignments;
  const bool by_weight = policy == DropPolicy::kProbs;
  auto* kept = scratch_.ReserveArray<Kept>(experts);
  for (const Tensor& rows : {dispatch.row_of, dispatch.assignment_of}) {
    CheckCuda(cudaMemsetAsync(rows.memory(), 0xff, static_cast<size_t>(rows.bytes()), stream_),
              "mark rows as unserved");
  }
  Launch(CountKernel, Grid(experts), kThreads, 0, stream_, dispatch.counts.ints(), kept,
         expert.ints(), weight.floats(), assignments, most, by_weight, fault_);
  Launch(AssignKernel, Grid(experts), kThreads, 0, stream_, dispatch.offsets.ints(),
         dispatch.row_of.ints(), dispatch.assignment_of.ints(), dispatch.counts.ints(), kept,
         expert.ints(), weight.floats(), assignments, by_weight,
         dispatch.path == ExpertPath::kPadded ? capacity : int64_t{kClosedUp});
  if (dispatch.path == ExpertPath::kStreams) {
    host_took_part_ = true;
    host_counts_.Fetch(dispatch.counts, stream_);
  } else {
    host_counts_.Forget(dispatch.counts);
  }
}

}  // namespace upcycle
