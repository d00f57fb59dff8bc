// A YAML file as a tree: YAML 1.2 without what a recipe has no use for. Tags, merge keys and keys
// that are not plain words are refused; aliases are copied where they stand.
#pragma once

#include <cstddef>
#include <optional>

#include "core/recipe/node.h"

namespace upcycle {

class Diagnostics;

// Reads one YAML document; an empty one is null. Gives nothing, and adds to the
// diagnostics why, if the text is not UTF-8, not YAML, more than one document, larger than
// kMaximumBytes, deeper than kMaximumDepth, or, its aliases expanded, more than kMaximumNodes.
inline constexpr size_t kMaximumBytes = 1 << 20;
inline constexpr size_t kMaximumDepth = 32;
inline constexpr size_t kMaximumNodes = 200000;
std::optional<Node> ParseDocument(const SourceText& source, Diagnostics& diagnostics);

}  // namespace upcycle
