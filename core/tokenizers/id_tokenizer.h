// The tokenizer of ready-made tokens whose own is not at hand: it knows how many there are and
// which one ends a text, and neither reads nor writes text.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/tokenizers/tokenizer.h"

namespace upcycle {

class IdTokenizer final : public Tokenizer {
 public:
  IdTokenizer(int64_t vocabulary, int32_t end_of_text);
  // From what FilesToSave leaves in tokenizer_config.json; null where it contradicts itself.
  static std::unique_ptr<IdTokenizer> FromJson(const nlohmann::json& ours);

  using Tokenizer::Encode;
  // Throws Error(kInput): there is no text.
  void Encode(std::string_view text, std::vector<int32_t>& out) const override;
  // No text.
  std::string Decode(std::span<const int32_t> tokens) const override;
  size_t CutAfter(std::string_view text, size_t least) const override;

 private:
  Files FilesToSave() const override;
};

}  // namespace upcycle
