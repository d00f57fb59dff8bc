#include "core/data/token_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>

#include <fmt/format.h>
#include <xxhash.h>

#include "core/check.h"
#include "core/error.h"

namespace upcycle {
namespace {

constexpr char kMagic[8] = {'U', 'P', 'T', 'O', 'K', 'E', 'N', 'S'};
constexpr uint32_t kVersion = 1;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t width;
  uint64_t count;
  uint64_t vocabulary;
  uint64_t text_bytes;
  uint64_t documents;
  uint64_t checksum;
  uint64_t header_checksum;
};
static_assert(sizeof(Header) == 64 && std::is_trivially_copyable_v<Header>);
static_assert(std::endian::native == std::endian::little);

uint64_t ChecksumOf(const Header& header) {
  return XXH3_64bits(&header, offsetof(Header, header_checksum));
}

uint32_t WidthFor(int64_t vocabulary) { return vocabulary <= 65536 ? 2 : 4; }

// The widest token type reads as uint32, so a vocabulary never reaches past int32.
constexpr int64_t kLargestVocabulary = int64_t{1} << 31;

Error Damaged(const fs::path& path, const std::string& what) {
  return Error(Cause::kInput, fmt::format("{} {}", path.native(), what));
}

Header ReadHeader(const fs::path& path, std::span<const std::byte> bytes) {
  Header header;
  if (bytes.size() < sizeof header || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
    throw Damaged(path, "is not a token file");
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.version > kVersion) {
    throw Error(Cause::kInput,
                fmt::format("{} was written by a newer upcycle (token format {}, this one reads up "
                            "to {}); use that version or another --root",
                            path.native(), header.version, kVersion));
  }
  if (header.header_checksum != ChecksumOf(header)) throw Damaged(path, "has a damaged header");
  const bool plausible = header.version == kVersion && header.vocabulary >= 1 &&
                         header.vocabulary <= kLargestVocabulary &&
                         header.width == WidthFor(static_cast<int64_t>(header.vocabulary)) &&
                         header.count < (uint64_t{1} << 60);
  if (!plausible) throw Damaged(path, "has a header that contradicts itself");
  const uint64_t expected = sizeof header + header.count * header.width;
  if (bytes.size() != expected) {
    throw Damaged(path, fmt::format("has {} bytes where its header promises {}: it is truncated or "
                                    "something was added to it",
                                    bytes.size(), expected));
  }
  return header;
}

}  // namespace

struct TokenFileWriter::Checksum {
  XXH3_state_t* xxh = XXH3_createState();
  Checksum() { UPCYCLE_CHECK(xxh != nullptr && XXH3_64bits_reset(xxh) == XXH_OK); }
  ~Checksum() { XXH3_freeState(xxh); }
};

TokenFileWriter::TokenFileWriter(const fs::path& path, int64_t vocabulary)
    : file_(path), checksum_(std::make_unique<Checksum>()), vocabulary_(vocabulary) {
  UPCYCLE_CHECK(vocabulary >= 1 && vocabulary <= kLargestVocabulary);
  const Header placeholder = {};
  file_.Append(&placeholder, sizeof placeholder);
}

TokenFileWriter::~TokenFileWriter() = default;

template <typename T>
void TokenFileWriter::AppendAs(std::span<const int32_t> tokens) {
  std::array<T, 4096> narrow;
  while (!tokens.empty()) {
    const size_t n = std::min(tokens.size(), narrow.size());
    for (size_t i = 0; i < n; ++i) {
      UPCYCLE_CHECK(tokens[i] >= 0 && tokens[i] < vocabulary_);
      narrow[i] = static_cast<T>(tokens[i]);
    }
    file_.Append(narrow.data(), n * sizeof(T));
    UPCYCLE_CHECK(XXH3_64bits_update(checksum_->xxh, narrow.data(), n * sizeof(T)) == XXH_OK);
    tokens = tokens.subspan(n);
  }
}

void TokenFileWriter::Append(std::span<const int32_t> tokens, int64_t text_bytes) {
  if (WidthFor(vocabulary_) == 2) {
    AppendAs<uint16_t>(tokens);
  } else {
    AppendAs<uint32_t>(tokens);
  }
  count_ += static_cast<int64_t>(tokens.size());
  text_bytes_ += text_bytes;
}

void TokenFileWriter::Commit() {
  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.width = WidthFor(vocabulary_);
  header.count = static_cast<uint64_t>(count_);
  header.vocabulary = static_cast<uint64_t>(vocabulary_);
  header.text_bytes = static_cast<uint64_t>(text_bytes_);
  header.documents = static_cast<uint64_t>(documents_);
  header.checksum = XXH3_64bits_digest(checksum_->xxh);
  header.header_checksum = ChecksumOf(header);
  file_.WriteAt(0, &header, sizeof header);
  file_.Commit();
}

TokenFile::TokenFile(const fs::path& path) : path_(path), file_(path) {
  const Header header = ReadHeader(path, file_.bytes());
  width_ = header.width;
  count_ = static_cast<int64_t>(header.count);
  vocabulary_ = static_cast<int64_t>(header.vocabulary);
  text_bytes_ = static_cast<int64_t>(header.text_bytes);
  documents_ = static_cast<int64_t>(header.documents);
  checksum_ = header.checksum;
}

template <typename T>
const T* TokenFile::TokensAs() const {
  return reinterpret_cast<const T*>(file_.bytes().data() + sizeof(Header));
}

void TokenFile::Read(int64_t begin, std::span<int32_t> out) const {
  const auto size = static_cast<int64_t>(out.size());
  UPCYCLE_CHECK(begin >= 0 && begin <= count_ && size <= count_ - begin);
  if (width_ == 2) {
    std::copy_n(TokensAs<uint16_t>() + begin, size, out.begin());
  } else {
    std::copy_n(TokensAs<uint32_t>() + begin, size, out.begin());
  }
}

void TokenFile::Verify() const {
  const auto tokens = file_.bytes().subspan(sizeof(Header));
  if (XXH3_64bits(tokens.data(), tokens.size()) != checksum_) {
    throw Damaged(path_, "is damaged: the checksum of its tokens is wrong");
  }
  const auto in_vocabulary = [this](auto token) { return int64_t{token} < vocabulary_; };
  const bool valid =
      width_ == 2 ? std::all_of(TokensAs<uint16_t>(), TokensAs<uint16_t>() + count_, in_vocabulary)
                  : std::all_of(TokensAs<uint32_t>(), TokensAs<uint32_t>() + count_, in_vocabulary);
  if (!valid) throw Damaged(path_, "holds a token outside its vocabulary");
}

}  // namespace upcycle
