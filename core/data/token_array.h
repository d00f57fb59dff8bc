// Ready-made tokens where they lie: an array of integers in a file of another program, mapped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/files.h"
#include "core/mapped_file.h"

namespace upcycle {

// All little-endian.
enum class TokenElement { kUint8, kInt8, kInt16, kUint16, kInt32, kUint32, kInt64 };

int64_t BytesOf(TokenElement element);

class TokenArray {
 public:
  // `count` elements from byte `begin` of the file on, which must all be there.
  TokenArray(fs::path path, MappedFile file, TokenElement element, int64_t begin, int64_t count);

  const fs::path& path() const { return path_; }
  TokenElement element() const { return element_; }
  int64_t count() const { return count_; }

  // out = elements [begin, begin + out.size()), each as its low 32 bits: FindNoToken says whether
  // all are tokens.
  void Read(int64_t begin, std::span<int32_t> out) const;

  // The first element that is not in [0, vocabulary); reads the whole array.
  struct NoToken {
    int64_t place = 0;
    int64_t value = 0;
  };
  std::optional<NoToken> FindNoToken(int64_t vocabulary) const;

 private:
  fs::path path_;
  MappedFile file_;
  TokenElement element_;
  int64_t begin_;
  int64_t count_;
};

// The tokens of a file without an index: NumPy's .npy; llm.c's .bin, whose header says what
// follows; and a .bin that is nothing but elements of type `bare`, as nanoGPT writes it. Throws
// Error(kInput) for another kind of file, one that contradicts itself, and one without tokens.
TokenArray OpenTokenDump(const fs::path& path, TokenElement bare);

}  // namespace upcycle
