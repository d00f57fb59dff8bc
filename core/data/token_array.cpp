#include "core/data/token_array.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "core/check.h"

namespace upcycle {
namespace {

static_assert(std::endian::native == std::endian::little);

// Calls body(T{}) with the element's type.
template <typename Body>
auto WithElement(TokenElement element, const Body& body) {
  switch (element) {
    case TokenElement::kUint8:
      return body(uint8_t{});
    case TokenElement::kInt8:
      return body(int8_t{});
    case TokenElement::kInt16:
      return body(int16_t{});
    case TokenElement::kUint16:
      return body(uint16_t{});
    case TokenElement::kInt32:
      return body(int32_t{});
    case TokenElement::kUint32:
      return body(uint32_t{});
    case TokenElement::kInt64:
      break;
  }
  return body(int64_t{});
}

// Files of others need not align what they hold.
template <typename T>
T Load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Looked through at a time: what is passed over is let go, so that memory does not fill with it.
constexpr int64_t kCheckedAtOnce = 1 << 22;

}  // namespace

int64_t BytesOf(TokenElement element) {
  return WithElement(element, [](auto value) { return static_cast<int64_t>(sizeof value); });
}

TokenArray::TokenArray(fs::path path, MappedFile file, TokenElement element, int64_t begin,
                       int64_t count)
    : path_(std::move(path)),
      file_(std::move(file)),
      element_(element),
      begin_(begin),
      count_(count) {
  const auto size = static_cast<int64_t>(file_.bytes().size());
  UPCYCLE_CHECK(begin >= 0 && begin <= size && count >= 0 &&
                count <= (size - begin) / BytesOf(element));
}

void TokenArray::Read(int64_t begin, std::span<int32_t> out) const {
  const auto size = static_cast<int64_t>(out.size());
  UPCYCLE_CHECK(begin >= 0 && begin <= count_ && size <= count_ - begin);
  WithElement(element_, [&](auto example) {
    using T = decltype(example);
    const std::byte* at = file_.bytes().data() + begin_ + begin * static_cast<int64_t>(sizeof(T));
    for (int32_t& token : out) {
      token = static_cast<int32_t>(Load<T>(at));
      at += sizeof(T);
    }
  });
}

std::optional<TokenArray::NoToken> TokenArray::FindNoToken(int64_t vocabulary) const {
  return WithElement(element_, [&](auto example) -> std::optional<NoToken> {
    using T = decltype(example);
    constexpr auto kBytes = static_cast<int64_t>(sizeof(T));
    const auto is_token = [&](int64_t value) { return value >= 0 && value < vocabulary; };
    for (int64_t first = 0; first < count_; first += kCheckedAtOnce) {
      const int64_t count = std::min(kCheckedAtOnce, count_ - first);
      const auto part = file_.bytes().subspan(static_cast<size_t>(begin_ + first * kBytes),
                                              static_cast<size_t>(count * kBytes));
      int64_t least = 0, largest = 0;
      for (int64_t i = 0; i < count; ++i) {
        const auto value = static_cast<int64_t>(Load<T>(part.data() + i * kBytes));
        least = std::min(least, value);
        largest = std::max(largest, value);
      }
      if (is_token(least) && is_token(largest)) {
        file_.Release(part);
        continue;
      }
      for (int64_t i = 0; i < count; ++i) {
        const auto value = static_cast<int64_t>(Load<T>(part.data() + i * kBytes));
        if (!is_token(value)) return NoToken{first + i, value};
      }
    }
    return std::nullopt;
  });
}

}  // namespace upcycle
