#include "core/data/megatron_index.h"

#include <cstring>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "core/mapped_file.h"

namespace upcycle {
namespace {

constexpr std::string_view kMagic("MMIDIDX\0\0", 9);
constexpr uint64_t kVersion = 1;
constexpr size_t kHeaderBytes = 9 + 8 + 1 + 8 + 8;

class IndexReader {
 public:
  IndexReader(const fs::path& path, int64_t bytes) : path_(path), file_(path), bytes_(bytes) {}

  MegatronIndex Read() {
    ReadHeader();
    MegatronIndex index;
    index.element = element_;
    if (Document(0) != 0) Refuse("has a first document that is not at its first sequence");
    for (uint64_t d = 0; d + 1 < entries_; ++d) {
      AddDocument(d, index);
    }
    if (static_cast<uint64_t>(Document(entries_ - 1)) != sequences_) {
      Refuse(fmt::format("has documents of {} sequences and lists {}", Document(entries_ - 1),
                         sequences_));
    }
    if (index.ends.empty()) Refuse("lists no tokens");
    return index;
  }

 private:
  [[noreturn]] void Refuse(std::string_view what) const {
    throw Error(Cause::kInput, fmt::format("{} {}", path_.native(), what));
  }

  template <typename T>
  T Load(size_t at) const {
    T value;
    std::memcpy(&value, file_.bytes().data() + at, sizeof value);
    return value;
  }

  int64_t Length(uint64_t sequence) const { return Load<int32_t>(lengths_ + 4 * sequence); }
  int64_t Pointer(uint64_t sequence) const { return Load<int64_t>(pointers_ + 8 * sequence); }
  int64_t Document(uint64_t entry) const { return Load<int64_t>(documents_ + 8 * entry); }

  void ReadHeader() {
    const size_t size = file_.bytes().size();
    if (!file_.text().starts_with(kMagic)) Refuse("is no index of a Megatron dataset");
    if (size < kHeaderBytes) Refuse("is truncated: it ends in its header");
    if (const auto version = Load<uint64_t>(9); version != kVersion) {
      Refuse(fmt::format("is an index of version {}, and {} is known", version, kVersion));
    }
    element_ = ElementOf(Load<uint8_t>(17));
    sequences_ = Load<uint64_t>(18);
    entries_ = Load<uint64_t>(26);
    // Neither product can overflow where both counts are below the file's size.
    const bool fits = sequences_ <= size && entries_ <= size;
    const uint64_t expected = fits ? kHeaderBytes + 12 * sequences_ + 8 * entries_ : 0;
    if (!fits || (size != expected && size != expected + sequences_)) {
      Refuse(
          fmt::format("has {} bytes, which do not hold the {} sequences and {} documents that "
                      "it promises: it is truncated or damaged",
                      size, sequences_, entries_));
    }
    if (sequences_ == 0 || entries_ < 2) Refuse("lists no documents");
    lengths_ = kHeaderBytes;
    pointers_ = lengths_ + 4 * sequences_;
    documents_ = pointers_ + 8 * sequences_;
  }

  TokenElement ElementOf(int code) const {
    switch (code) {
      case 1:
        return TokenElement::kUint8;
      case 2:
        return TokenElement::kInt8;
      case 3:
        return TokenElement::kInt16;
      case 4:
        return TokenElement::kInt32;
      case 5:
        return TokenElement::kInt64;
      case 8:
        return TokenElement::kUint16;
      default:
        break;
    }
    Refuse(fmt::format("says that its elements are of type {}, which is no integer", code));
  }

  void AddDocument(uint64_t document, MegatronIndex& index) const {
    const int64_t first = Document(document), last = Document(document + 1);
    if (first > last || last > static_cast<int64_t>(sequences_)) {
      Refuse(fmt::format("has document {} from sequence {} to {} of {}", document, first, last,
                         sequences_));
    }
    const size_t own = index.spans.size();
    for (int64_t sequence = first; sequence < last; ++sequence) {
      const TokenSpan span = SpanOf(static_cast<uint64_t>(sequence));
      if (span.count == 0) continue;
      const bool follows = index.spans.size() > own &&
                           index.spans.back().begin + index.spans.back().count == span.begin;
      if (follows) {
        index.spans.back().count += span.count;
      } else {
        index.spans.push_back(span);
      }
    }
    if (index.spans.size() > own) index.ends.push_back(static_cast<int64_t>(index.spans.size()));
  }

  TokenSpan SpanOf(uint64_t sequence) const {
    const int64_t length = Length(sequence), pointer = Pointer(sequence), width = BytesOf(element_);
    if (length < 0 || pointer < 0 || pointer > bytes_ || length > (bytes_ - pointer) / width) {
      Refuse(
          fmt::format("has sequence {} with {} tokens at byte {}, outside of the {} bytes of its "
                      ".bin",
                      sequence, length, pointer, bytes_));
    }
    if (pointer % width != 0) {
      Refuse(fmt::format("has sequence {} at byte {}, between two tokens of {} bytes", sequence,
                         pointer, width));
    }
    return {pointer / width, length};
  }

  fs::path path_;
  MappedFile file_;
  int64_t bytes_;
  TokenElement element_ = TokenElement::kUint16;
  uint64_t sequences_ = 0;
  uint64_t entries_ = 0;
  size_t lengths_ = 0;
  size_t pointers_ = 0;
  size_t documents_ = 0;
};

}  // namespace

MegatronIndex ReadMegatronIndex(const fs::path& path, int64_t bytes) {
  return IndexReader(path, bytes).Read();
}

}  // namespace upcycle
