// What no tokenizer of a language model comes near, so that a damaged file cannot ask for all of
// the machine's memory or time.
#pragma once

#include <cstdint>

namespace upcycle {

inline constexpr int64_t kLargestToken = (int64_t{1} << 22) - 1;
inline constexpr int32_t kLongestPiece = 256;  // bytes, of which all cuts are tried
inline constexpr int kDeepestNesting = 16;     // of components inside components

}  // namespace upcycle
