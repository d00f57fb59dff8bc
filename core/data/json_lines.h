// JSON lines: one object a line, and in it the text of one document.
#pragma once

#include <cstddef>
#include <string>

#include "core/data/document_format.h"

namespace upcycle {

// The longest line that is read: it is what bounds the memory that a file can ask for, to a small
// multiple of it.
inline constexpr size_t kLongestJsonLine = size_t{256} << 20;

class JsonLines final : public DocumentFormat {
 public:
  explicit JsonLines(std::string text_key) : text_key_(std::move(text_key)) {}

  // Blank lines are none of the format's. A line is refused, with its number, where it is not one
  // object, has no text under the key, has it twice, or is longer than kLongestJsonLine.
  void Visit(const fs::path& path, std::string_view text,
             const Corpus::Visitor& visit) const override;
  void AddTo(Hasher& hasher) const override { hasher.Add("json lines").Add(text_key_); }

 private:
  std::string text_key_;
};

}  // namespace upcycle
