#include "core/tokenizers/splitting.h"

#include <algorithm>
#include <string>
#include <vector>

namespace upcycle {
namespace {

struct Part {
  size_t begin = 0;
  size_t end = 0;
  bool delimits = false;
};

// The whole of `text` as parts that delimit and parts that do not.
std::vector<Part> PartsOf(std::string_view text, FunctionRef<void(TakeMatch)> visit,
                          bool inverted) {
  std::vector<Part> parts;
  size_t taken = 0;
  visit([&](size_t begin, size_t end) {
    if (taken < begin) parts.push_back({taken, begin, inverted});
    parts.push_back({begin, end, !inverted});
    taken = end;
  });
  if (taken < text.size()) parts.push_back({taken, text.size(), inverted});
  return parts;
}

std::vector<Part> MergedWithPrevious(const std::vector<Part>& parts) {
  std::vector<Part> merged;
  bool before = false;
  for (const Part& part : parts) {
    if (part.delimits && !before && !merged.empty()) {
      merged.back().end = part.end;
    } else {
      merged.push_back(part);
    }
    before = part.delimits;
  }
  return merged;
}

std::vector<Part> MergedWithNext(std::vector<Part> parts) {
  std::vector<Part> merged;
  bool behind = false;
  std::ranges::reverse(parts);
  for (const Part& part : parts) {
    if (part.delimits && !behind && !merged.empty()) {
      merged.back().begin = part.begin;
    } else {
      merged.push_back(part);
    }
    behind = part.delimits;
  }
  std::ranges::reverse(merged);
  return merged;
}

std::vector<Part> Contiguous(const std::vector<Part>& parts) {
  std::vector<Part> merged;
  for (const Part& part : parts) {
    if (!merged.empty() && merged.back().delimits == part.delimits) {
      merged.back().end = part.end;
    } else {
      merged.push_back(part);
    }
  }
  return merged;
}

std::vector<Part> Merged(std::vector<Part> parts, Delimiter delimiter) {
  switch (delimiter) {
    case Delimiter::kMergedWithPrevious:
      return MergedWithPrevious(parts);
    case Delimiter::kMergedWithNext:
      return MergedWithNext(std::move(parts));
    case Delimiter::kContiguous:
      return Contiguous(parts);
    case Delimiter::kRemoved:
      std::erase_if(parts, [](const Part& part) { return part.delimits; });
      return parts;
    case Delimiter::kIsolated:
      return parts;
  }
  return parts;
}

}  // namespace

Delimiter ReadDelimiter(const JsonNode& node) {
  const std::string name = node.String();
  if (name == "Removed") return Delimiter::kRemoved;
  if (name == "Isolated") return Delimiter::kIsolated;
  if (name == "MergedWithPrevious") return Delimiter::kMergedWithPrevious;
  if (name == "MergedWithNext") return Delimiter::kMergedWithNext;
  if (name == "Contiguous") return Delimiter::kContiguous;
  node.RefuseFeature("the behaviour " + name);
}

void SplitAt(std::string_view text, FunctionRef<void(TakeMatch)> visit, Delimiter delimiter,
             bool inverted, TakeMatch take) {
  const auto take_piece = [&](size_t begin, size_t end) {
    if (begin < end) take(begin, end);
  };
  if (delimiter == Delimiter::kIsolated) {  // what nearly all models use: no list is made
    size_t taken = 0;
    visit([&](size_t begin, size_t end) {
      take_piece(taken, begin);
      take_piece(begin, end);
      taken = end;
    });
    take_piece(taken, text.size());
    return;
  }
  for (const Part& part : Merged(PartsOf(text, visit, inverted), delimiter)) {
    take_piece(part.begin, part.end);
  }
}

}  // namespace upcycle
