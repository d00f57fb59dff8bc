#include "core/spelling.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace upcycle {
namespace {

constexpr size_t kLongestWord = 80;  // longer is not a misspelt word

// Lower case without separators: spellings of one word are equal.
std::string Folded(std::string_view word) {
  std::string folded;
  for (char c : word) {
    if (c == '_' || c == '-' || c == ' ') continue;
    folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return folded;
}

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string> ClosestWord(std::string_view word,
                                       const std::vector<std::string>& words) {
  const std::string folded = Folded(word);
  if (folded.empty() || folded.size() > kLongestWord) return std::nullopt;
  const size_t limit = std::max<size_t>(1, folded.size() / 3);
  std::optional<std::string> closest;
  size_t shortest = limit + 1;
  for (const std::string& candidate : words) {
    const std::string other = Folded(candidate);
    const bool begins = folded.size() >= 3 && other.starts_with(folded);
    const size_t edits = EditDistance(folded, other);
    const size_t distance = begins ? std::min<size_t>(edits, 1) : edits;
    if (distance >= shortest || distance >= other.size()) continue;
    shortest = distance;
    closest = candidate;
  }
  return closest;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& words) {
  const auto closest = ClosestWord(word, words);
  return closest ? fmt::format("; did you mean \"{}\"?", *closest) : ".";
}

}  // namespace upcycle
