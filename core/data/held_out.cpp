#include "core/data/held_out.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/check.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr double kChunkBytes = 8192;
constexpr size_t kLeastReach = 512;  // how far a line end is looked for, at least
constexpr size_t kSpaceReach = 64;   // and then a space

// Documents end to end. Places count bytes from the beginning of the first.
class Concatenation {
 public:
  explicit Concatenation(std::span<const std::string_view> documents) : documents_(documents) {
    for (const std::string_view document : documents) {
      begins_.push_back(size_);
      size_ += document.size();
    }
  }

  size_t size() const { return size_; }
  size_t BeginOf(size_t document) const { return begins_[document]; }

  // The beginning of a line (or of a document) that is nearest to `place` and at most `reach` from
  // it; else a space's end shortly behind it, else the next beginning of a character.
  size_t NearestCut(size_t place, size_t reach) const {
    if (place >= size_) return size_;
    const size_t d = DocumentAt(place);
    const std::string_view text = documents_[d];
    const size_t at = place - begins_[d];
    const size_t newline_before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    const size_t before = newline_before == std::string_view::npos ? 0 : newline_before + 1;
    const size_t after = NextLine(d, place) - begins_[d];
    const size_t nearest = at - before <= after - at ? before : after;
    if (std::max(nearest, at) - std::min(nearest, at) <= reach) return begins_[d] + nearest;
    return begins_[d] + CutWithinLine(text, at);
  }

  // The end of the line, or of the document, that holds `place`.
  size_t NextLine(size_t place) const {
    return place >= size_ ? size_ : NextLine(DocumentAt(place), place);
  }

 private:
  size_t DocumentAt(size_t place) const {
    const auto next = std::upper_bound(begins_.begin(), begins_.end(), place);
    return static_cast<size_t>(next - begins_.begin()) - 1;
  }

  size_t NextLine(size_t d, size_t place) const {
    const size_t newline = documents_[d].find('\n', place - begins_[d]);
    if (newline == std::string_view::npos) return begins_[d] + documents_[d].size();
    return begins_[d] + newline + 1;
  }

  static size_t CutWithinLine(std::string_view text, size_t at) {
    const size_t space = text.find(' ', at);
    if (space != std::string_view::npos && space - at < kSpaceReach) return space + 1;
    while (at < text.size() && ContinuesCharacter(text[at])) ++at;
    return at;
  }

  std::span<const std::string_view> documents_;
  std::vector<size_t> begins_;
  size_t size_ = 0;
};

struct Range {
  size_t begin = 0;
  size_t end = 0;
};

std::vector<Range> ChooseChunks(const Concatenation& text, double share) {
  const auto size = static_cast<double>(text.size());
  const double chunks = std::max(1.0, std::floor(share * size / kChunkBytes + 0.5));
  const double chunk = share * size / chunks;
  const double stride = size / chunks;
  const size_t reach = std::max(kLeastReach, static_cast<size_t>(chunk / 2));
  std::vector<Range> chosen;
  size_t taken = 0;  // behind the last chunk
  for (int64_t i = 0; i < static_cast<int64_t>(chunks); ++i) {
    const double begin = static_cast<double>(i) * stride + (stride - chunk) / 2;
    const size_t from = std::max(taken, text.NearestCut(static_cast<size_t>(begin), reach));
    size_t to = text.NearestCut(static_cast<size_t>(begin + chunk), reach);
    if (to <= from) to = text.NextLine(from);
    if (to <= from) continue;
    chosen.push_back({from, to});
    taken = to;
  }
  return chosen;
}

}  // namespace

std::vector<TextSpan> SplitHeldOut(std::span<const std::string_view> documents, double share) {
  UPCYCLE_CHECK(share > 0 && share <= 0.5);
  const Concatenation text(documents);
  const std::vector<Range> chunks = ChooseChunks(text, share);
  std::vector<TextSpan> spans;
  auto chunk = chunks.begin();
  for (size_t d = 0; d < documents.size(); ++d) {
    const size_t begin = text.BeginOf(d), end = begin + documents[d].size();
    for (size_t at = begin; at < end;) {
      while (chunk != chunks.end() && chunk->end <= at) ++chunk;
      const bool held_out = chunk != chunks.end() && chunk->begin <= at;
      size_t next = end;
      if (chunk != chunks.end()) next = std::min(end, held_out ? chunk->end : chunk->begin);
      spans.push_back({d, at - begin, next - begin, held_out});
      at = next;
    }
  }
  return spans;
}

}  // namespace upcycle
