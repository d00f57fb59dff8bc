// "Did you mean": the known word that somebody probably wanted to write.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other
// (optimal string alignment distance).
size_t EditDistance(std::string_view a, std::string_view b);

// The closest of `words`, the first of equals: the same word in another spelling (Top-K for top_k),
// one that begins with it (capacity for capacity_factor), or one at most a third of its letters
// away.
std::optional<std::string> ClosestWord(std::string_view word,
                                       const std::vector<std::string>& words);

// The end of a sentence about an unknown word: `; did you mean "top_k"?`, or a full stop where
// nothing is close.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& words);

}  // namespace upcycle
