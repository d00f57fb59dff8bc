// Cases of sequences that go on from a cache of keys and values.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/kernels/op_cases.h"
#include "tests/kernels/reference.h"
#include "tests/kernels/reference_cached.h"

namespace upcycle {
namespace {

using Tensors = std::vector<Tensor>;

// Places that nothing is stored at hold something.
Array Filled(Array cache) {
  std::replace_if(
      cache.values.begin(), cache.values.end(), [](double x) { return std::isnan(x); }, 7.0);
  return cache;
}

void AddCachedCases(std::vector<OpCase>& cases, DataType type,
                    const reference::CachedSequences& sequences, double spread = 1) {
  const AttentionShape shape = sequences.shape;
  const std::string name =
      fmt::format("L={} H={} K={} W={} past=[{}] added=[{}] spread={}", shape.length, shape.heads,
                  shape.kv_heads, shape.head_width, fmt::join(sequences.past, ", "),
                  fmt::join(sequences.added, ", "), spread);
  const reference::CachedText text = reference::RandomText(sequences, type, spread);
  cases.push_back(OpCase("StoreKeyValues " + name, type));
  cases.back()
      .InOut(Filled(text.before), Filled(text.after), 0)
      .Roundings(0)
      .In(text.qkv)
      .Ints(sequences.Slots())
      .Ints(sequences.Past())
      .Ints(sequences.Added())
      .Calls([=](Backend& backend, const Tensors& t) {
        backend.StoreKeyValues(t[0], t[1], {t[2], t[3], t[4]}, shape);
      });
  cases.push_back(OpCase("AttentionCached " + name, type));
  cases.back()
      .Out(text.out)
      .Roundings(2)  // the weights and the result
      .In(text.qkv)
      .In(text.after)
      .Ints(sequences.Slots())
      .Ints(sequences.Past())
      .Ints(sequences.Added())
      .Calls([=](Backend& backend, const Tensors& t) {
        backend.AttentionCached(t[0], t[1], t[2], {t[3], t[4], t[5]}, shape);
      });
}

}  // namespace

std::vector<OpCase> CachedCases(DataType type) {
  std::vector<OpCase> cases;
  const auto add = [&](const reference::CachedSequences& sequences, double spread = 1) {
    AddCachedCases(cases, type, sequences, spread);
  };
  // Nothing in the cache, down to one token of one element's pair.
  add({{1, 1, 1, 1, 2}, 1, 1, {0}, {0}, {1}});
  add({{2, 7, 4, 2, 6}, 3, 9, {2, 0}, {0, 0}, {7, 3}});
  // One new token behind few and many.
  add({{3, 1, 4, 2, 16}, 5, 80, {4, 0, 2}, {1, 63, 79}, {1, 1, 1}});
  add({{1, 1, 9, 3, 64}, 2, 300, {1}, {299}, {1}});
  add({{2, 1, 2, 2, 34}, 2, 131, {1, 0}, {64, 130}, {1, 1}}, 4);
  // Several behind different pasts, some sequences with less than L, one with nothing.
  add({{4, 5, 6, 2, 8}, 4, 70, {3, 1, 0, 2}, {0, 65, 2, 60}, {5, 5, 1, 0}});
  add({{2, 100, 4, 1, 32}, 2, 230, {0, 1}, {130, 17}, {100, 71}});
  add({{1, 70, 3, 3, 128}, 1, 200, {0}, {130}, {70}}, 2);
  // More heads to a key head than a task has rows of queries.
  add({{1, 3, 70, 1, 4}, 1, 8, {0}, {5}, {3}});
  return cases;
}

}  // namespace upcycle
