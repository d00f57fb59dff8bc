// Dumps of tokens: NumPy's .npy (numpy.lib.format), and the .bin of nanoGPT and llm.c.

#include <array>
#include <charconv>
#include <cstring>
#include <regex>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/data/token_array.h"
#include "core/error.h"

namespace upcycle {
namespace {

constexpr std::string_view kNumpyMagic = "\x93NUMPY";

[[noreturn]] void Refuse(const fs::path& path, std::string_view what) {
  throw Error(Cause::kInput, fmt::format("{} {}", path.native(), what));
}

template <typename T>
T Load(std::string_view text, size_t at) {
  T value;
  std::memcpy(&value, text.data() + at, sizeof value);
  return value;
}

struct Contents {
  TokenElement element;
  int64_t begin;
  int64_t count;
};

TokenElement NumpyElement(const fs::path& path, const std::string& name) {
  constexpr std::pair<const char*, TokenElement> kElements[] = {
      {"|u1", TokenElement::kUint8},  {"|i1", TokenElement::kInt8},  {"<i2", TokenElement::kInt16},
      {"<u2", TokenElement::kUint16}, {"<i4", TokenElement::kInt32}, {"<u4", TokenElement::kUint32},
      {"<i8", TokenElement::kInt64},
  };
  for (const auto& [known, element] : kElements) {
    if (name == known) return element;
  }
  Refuse(path, fmt::format("holds elements of NumPy's type {}; tokens are little-endian integers "
                           "of at most 8 bytes: save it as <u2 or <u4",
                           name));
}

// The header is a Python dictionary of three keys in any order.
Contents ReadNumpy(const fs::path& path, std::string_view text) {
  constexpr size_t kLongestHeader = 4096;
  const bool long_form = text.size() > 6 && text[6] >= 2;
  const size_t begin = long_form ? 12 : 10;
  if (text.size() < begin) Refuse(path, "is a .npy file that ends in its header");
  const size_t length = long_form ? Load<uint32_t>(text, 8) : Load<uint16_t>(text, 8);
  if (length > kLongestHeader || length > text.size() - begin) {
    Refuse(path, "is a .npy file whose header is truncated or damaged");
  }
  const std::string header(text.substr(begin, length));
  static const std::regex kType("'descr':\\s*'([^']*)'"), kOrder("'fortran_order':\\s*False"),
      kSize("'shape':\\s*\\((\\d{1,18}),\\s*\\)");
  std::smatch type, size;
  if (!std::regex_search(header, type, kType)) {
    Refuse(path, "is a .npy file whose elements are no plain numbers");
  }
  if (!std::regex_search(header, size, kSize) || !std::regex_search(header, kOrder)) {
    Refuse(path, "is a .npy file that is no plain list of numbers; flatten it first");
  }
  return {NumpyElement(path, type[1]), static_cast<int64_t>(begin + length), std::stoll(size[1])};
}

// llm.c's data files begin with 256 integers: a magic number and a version for each kind of token,
// then how many there are.
struct LlmcKind {
  int32_t magic;
  int32_t version;
  TokenElement element;
};
constexpr LlmcKind kLlmcKinds[] = {{20240520, 1, TokenElement::kUint16},
                                   {20240801, 7, TokenElement::kUint32}};
constexpr size_t kLlmcHeader = 256 * sizeof(int32_t);

const LlmcKind* FindLlmcKind(std::string_view text) {
  if (text.size() < kLlmcHeader) return nullptr;
  for (const LlmcKind& kind : kLlmcKinds) {
    if (Load<int32_t>(text, 0) == kind.magic) return &kind;
  }
  return nullptr;
}

Contents ReadLlmc(const fs::path& path, std::string_view text, const LlmcKind& kind) {
  const auto version = Load<int32_t>(text, 4);
  if (version != kind.version) {
    Refuse(path, fmt::format("is a token file of llm.c of version {}, and {} is known", version,
                             kind.version));
  }
  return {kind.element, static_cast<int64_t>(kLlmcHeader), Load<int32_t>(text, 8)};
}

Contents ReadContents(const fs::path& path, std::string_view text, TokenElement bare) {
  if (text.starts_with(kNumpyMagic)) return ReadNumpy(path, text);
  if (path.extension() == ".npy") Refuse(path, "is no .npy file: it does not begin as one");
  if (path.extension() != ".bin") {
    Refuse(path, "is no file of tokens: those end in .bin, .npy, or .idx beside a .bin");
  }
  if (const LlmcKind* kind = FindLlmcKind(text)) return ReadLlmc(path, text, *kind);
  const auto size = static_cast<int64_t>(text.size()), width = BytesOf(bare);
  if (size % width != 0) {
    Refuse(path, fmt::format("has {} bytes, which are no whole number of tokens of {} bytes: set "
                             "the source's token_type, or the file is truncated",
                             size, width));
  }
  return {bare, 0, size / width};
}

}  // namespace

TokenArray OpenTokenDump(const fs::path& path, TokenElement bare) {
  MappedFile file(path);
  const std::string_view text = file.text();
  const Contents contents = ReadContents(path, text, bare);
  const auto [element, begin, count] = contents;
  if (count <= 0) Refuse(path, "has no tokens");
  const int64_t bytes = static_cast<int64_t>(text.size()) - begin, width = BytesOf(element);
  if (bytes % width != 0 || bytes / width != count) {
    Refuse(path, fmt::format("promises {} tokens of {} bytes and has {} bytes of them: it is "
                             "truncated or something was added to it",
                             count, width, bytes));
  }
  return TokenArray(path, std::move(file), element, begin, count);
}

}  // namespace upcycle
