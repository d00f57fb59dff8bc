// A file of tokens, mapped into memory, with the number of bytes of the text that they stand for.
//
// Format, little-endian, 64 bytes of header and then the tokens:
//   "UPTOKENS" · uint32 version · uint32 bytes a token (2 or 4) · uint64 tokens · uint64 vocabulary
//   · uint64 text bytes · uint64 documents · uint64 XXH3-64 of the tokens · uint64 XXH3-64 of the
//   header before this field
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/atomic_file.h"
#include "core/data/tokens.h"
#include "core/files.h"
#include "core/mapped_file.h"

namespace upcycle {

class TokenFileWriter {
 public:
  // Two bytes a token where the vocabulary allows it, else four.
  TokenFileWriter(const fs::path& path, int64_t vocabulary);
  ~TokenFileWriter();

  // Tokens of [0, vocabulary) that stand for `text_bytes` bytes of text.
  void Append(std::span<const int32_t> tokens, int64_t text_bytes);
  // One more document is complete.
  void EndDocument() { ++documents_; }
  // Writes the header; the file appears under its name.
  void Commit();

  int64_t count() const { return count_; }
  int64_t text_bytes() const { return text_bytes_; }
  int64_t documents() const { return documents_; }

 private:
  template <typename T>
  void AppendAs(std::span<const int32_t> tokens);

  struct Checksum;
  AtomicFile file_;
  std::unique_ptr<Checksum> checksum_;
  int64_t vocabulary_;
  int64_t count_ = 0;
  int64_t text_bytes_ = 0;
  int64_t documents_ = 0;
};

class TokenFile final : public Tokens {
 public:
  // Checks the header and the size. Throws Error(kInput) for a foreign, truncated or damaged file
  // and for one of a newer format.
  explicit TokenFile(const fs::path& path);

  int64_t count() const override { return count_; }
  int64_t vocabulary() const { return vocabulary_; }
  int64_t text_bytes() const override { return text_bytes_; }
  int64_t documents() const { return documents_; }

  void Read(int64_t begin, std::span<int32_t> out) const override;

  // Reads the whole file once: throws Error(kInput) if its checksum is wrong or a token is not in
  // [0, vocabulary).
  void Verify() const;

 private:
  template <typename T>
  const T* TokensAs() const;

  fs::path path_;
  MappedFile file_;
  int64_t width_ = 0;
  int64_t count_ = 0;
  int64_t vocabulary_ = 0;
  int64_t text_bytes_ = 0;
  int64_t documents_ = 0;
  uint64_t checksum_ = 0;
};

}  // namespace upcycle
