#include "core/data/token_pieces.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace upcycle {

void TokenPieces::Add(std::shared_ptr<const TokenArray> array, int64_t begin, int64_t count) {
  const int64_t end = this->count();
  if (!pieces_.empty() && pieces_.back().array == array) {
    const int64_t before = pieces_.size() > 1 ? ends_[ends_.size() - 2] : 0;
    if (pieces_.back().begin + (end - before) == begin) {
      ends_.back() += count;
      return;
    }
  }
  pieces_.push_back({std::move(array), begin});
  ends_.push_back(end + count);
}

void TokenPieces::Read(int64_t begin, std::span<int32_t> out) const {
  UPCYCLE_CHECK(begin >= 0 && begin <= count() &&
                static_cast<int64_t>(out.size()) <= count() - begin);
  auto end = std::upper_bound(ends_.begin(), ends_.end(), begin);
  while (!out.empty()) {
    const auto i = static_cast<size_t>(end - ends_.begin());
    const int64_t first = i == 0 ? 0 : ends_[i - 1];
    const auto count = std::min(out.size(), static_cast<size_t>(*end - begin));
    pieces_[i].array->Read(pieces_[i].begin + begin - first, out.first(count));
    out = out.subspan(count);
    begin += static_cast<int64_t>(count);
    ++end;
  }
}

}  // namespace upcycle
