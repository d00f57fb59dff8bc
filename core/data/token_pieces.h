// Tokens that lie in pieces of one or several arrays, read as one sequence.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/data/token_array.h"
#include "core/data/tokens.h"

namespace upcycle {

class TokenPieces final : public Tokens {
 public:
  // Adds tokens behind the last; a piece that follows that in its array lengthens it.
  void Add(std::shared_ptr<const TokenArray> array, int64_t begin, int64_t count);
  void set_text_bytes(int64_t bytes) { text_bytes_ = bytes; }
  void set_documents(int64_t documents) { documents_ = documents; }

  int64_t count() const override { return ends_.empty() ? 0 : ends_.back(); }
  int64_t text_bytes() const override { return text_bytes_; }
  int64_t documents() const { return documents_; }  // 0 where that is not known
  // Costs a search among the pieces: a logarithm.
  void Read(int64_t begin, std::span<int32_t> out) const override;

 private:
  struct Piece {
    std::shared_ptr<const TokenArray> array;
    int64_t begin = 0;
  };

  std::vector<Piece> pieces_;
  std::vector<int64_t> ends_;  // of each piece, in this sequence
  int64_t text_bytes_ = 0;
  int64_t documents_ = 0;
};

}  // namespace upcycle
