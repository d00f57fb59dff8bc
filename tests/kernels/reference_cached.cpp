#include "tests/kernels/reference_cached.h"

#include <algorithm>
#include <limits>
#include <string>

#include "tests/kernels/reference.h"

namespace upcycle::reference {
namespace {

Array Whole(const std::vector<int64_t>& numbers) {
  Array array({static_cast<int64_t>(numbers.size())});
  std::copy(numbers.begin(), numbers.end(), array.values.begin());
  return array;
}

// Row `row` of `to` = columns [begin, begin + to's columns) of row `from_row` of `from`.
void CopyRow(Array& to, int64_t row, const Array& from, int64_t from_row, int64_t begin) {
  const int64_t columns = to.dim(to.shape.rank() - 1), stride = from.dim(1);
  const auto source = from.values.begin() + from_row * stride + begin;
  std::copy(source, source + columns, to.values.begin() + row * columns);
}

}  // namespace

Array CachedSequences::Slots() const { return Whole(slots); }
Array CachedSequences::Past() const { return Whole(past); }
Array CachedSequences::Added() const { return Whole(added); }

CachedText RandomText(const CachedSequences& s, DataType type, double spread) {
  const AttentionShape& shape = s.shape;
  const int64_t cache_width = 2 * shape.kv_heads * shape.head_width;
  const Array nothing({s.all_slots, s.capacity, cache_width},
                      std::numeric_limits<double>::quiet_NaN());
  CachedText text = {Random(type, {shape.tokens(), shape.fused_width()}, "qkv", spread), nothing,
                     nothing, Array({shape.tokens(), shape.query_width()})};
  for (size_t b = 0; b < s.slots.size(); ++b) {
    const int64_t tokens = s.past[b] + s.added[b];
    if (tokens == 0) continue;
    const AttentionShape whole = {1, tokens, shape.heads, shape.kv_heads, shape.head_width};
    Array qkv = Random(type, {tokens, shape.fused_width()}, "text " + std::to_string(b), spread);
    const Array out = AttentionForward(qkv, whole).out;
    for (int64_t i = 0; i < tokens; ++i) {
      const int64_t place = s.slots[b] * s.capacity + i;
      CopyRow(text.after, place, qkv, i, shape.query_width());
      if (i < s.past[b]) {
        CopyRow(text.before, place, qkv, i, shape.query_width());
        continue;
      }
      const int64_t row = static_cast<int64_t>(b) * shape.length + i - s.past[b];
      CopyRow(text.qkv, row, qkv, i, 0);
      CopyRow(text.out, row, out, i, 0);
    }
  }
  return text;
}

}  // namespace upcycle::reference
