// The tokens of one text, in which pieces that a model does not know become their bytes, or one
// token for all that follow each other.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace upcycle {

struct UnknownPieces {
  int32_t token = 0;
  std::optional<std::array<int32_t, 256>> bytes;  // instead, if the model has them
};

class TokenWriter {
 public:
  // Appends to `out`. Both must outlive it.
  TokenWriter(const UnknownPieces& unknown, std::vector<int32_t>& out)
      : unknown_(unknown), out_(out), begin_(out.size()) {}

  void Put(int32_t token) {
    if (token != unknown_.token || !EndsUnknown()) out_.push_back(token);
  }
  // What another writer made of the text that comes next.
  void Put(std::span<const int32_t> tokens) {
    if (tokens.empty()) return;
    Put(tokens[0]);
    out_.insert(out_.end(), tokens.begin() + 1, tokens.end());
  }
  void PutUnknown(std::string_view text) {
    if (!unknown_.bytes) return Put(unknown_.token);
    for (const char byte : text) {
      out_.push_back((*unknown_.bytes)[static_cast<unsigned char>(byte)]);
    }
  }

 private:
  bool EndsUnknown() const { return out_.size() > begin_ && out_.back() == unknown_.token; }

  const UnknownPieces& unknown_;
  std::vector<int32_t>& out_;
  size_t begin_;
};

}  // namespace upcycle
