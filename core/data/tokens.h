// A sequence of tokens, read by place.
#pragma once

#include <cstdint>
#include <span>

namespace upcycle {

class Tokens {
 public:
  virtual ~Tokens() = default;
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  virtual int64_t count() const = 0;
  // Bytes of the text that they stand for; 0 where that is not known.
  virtual int64_t text_bytes() const = 0;
  // out = tokens [begin, begin + out.size()), which must be there.
  virtual void Read(int64_t begin, std::span<int32_t> out) const = 0;

 protected:
  Tokens() = default;
  Tokens(Tokens&&) = default;
};

}  // namespace upcycle
