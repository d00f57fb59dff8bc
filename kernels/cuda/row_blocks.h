// Ops that give each row a block, and read it in packs where its place in memory allows.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "kernels/cuda/device.h"

namespace upcycle {

// Threads for a row of `width` elements in packs of `pack`.
inline int RowThreads(int64_t width, int pack) {
  constexpr int64_t kMost = 256;
  const int64_t packs = (width + pack - 1) / pack;
  const int64_t threads = (packs + kWarp - 1) / kWarp * kWarp;
  return static_cast<int>(threads < kWarp ? kWarp : threads > kMost ? kMost : threads);
}

// Whether all rows of `width` elements of these tensors can be read in packs of 16 bytes.
inline bool FitsPacks(DataType type, int64_t width, std::initializer_list<ConstTensor> tensors) {
  if (width * SizeOf(type) % 16 != 0) return false;
  for (const ConstTensor& tensor : tensors) {
    if (reinterpret_cast<uintptr_t>(tensor.memory()) % 16 != 0) return false;
  }
  return true;
}

// Calls body(element, pack) with an element of the C++ type that `type` stands for and the size of
// packs as an integral_constant: as wide as memory allows, or 1.
template <typename Body>
void WithPacks(DataType type, int64_t width, std::initializer_list<ConstTensor> tensors,
               const Body& body) {
  const bool fits = FitsPacks(type, width, tensors);
  WithElement(type, [&](auto element) {
    using T = decltype(element);
    if (fits) {
      body(element, std::integral_constant<int, kWidestPack<T>>());
    } else {
      body(element, std::integral_constant<int, 1>());
    }
  });
}

}  // namespace upcycle
