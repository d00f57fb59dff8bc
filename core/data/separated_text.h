// Text files in which a line of its own ends each document but the last, such as <|endoftext|>.
#pragma once

#include <string>

#include "core/data/document_format.h"

namespace upcycle {

class SeparatedText final : public DocumentFormat {
 public:
  // One line, not empty.
  explicit SeparatedText(std::string separator) : separator_(std::move(separator)) {}

  // A document is all between two separators, its last line end included.
  void Visit(const fs::path& path, std::string_view text,
             const Corpus::Visitor& visit) const override;
  void AddTo(Hasher& hasher) const override { hasher.Add("separated text").Add(separator_); }

 private:
  std::string separator_;
};

}  // namespace upcycle
