// "pattern" of a tokenizer.json's component: a text or a regular expression.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/tokenizers/function_ref.h"
#include "core/tokenizers/json_node.h"
#include "core/tokenizers/regex.h"

namespace upcycle {

class Pattern {
 public:
  // {"String": …} or {"Regex": …}.
  explicit Pattern(const JsonNode& node);
  explicit Pattern(std::string_view oniguruma);

  // Calls `take` for each match in `text`, from its begin to its end, in order.
  void Visit(std::string_view text, FunctionRef<void(size_t begin, size_t end)> take) const;

  bool IsLiteral(std::string_view text) const { return !regex_ && text_ == text; }
  bool IsRegex(std::string_view pattern) const { return regex_ && text_ == pattern; }

 private:
  std::string text_;  // as in the file
  std::optional<Regex> regex_;
};

// A component that writes "content" in the place of each match of its pattern.
class Replacement {
 public:
  explicit Replacement(const JsonNode& node);
  const Pattern& pattern() const { return pattern_; }
  std::string In(std::string_view text) const;

 private:
  Pattern pattern_;
  std::string content_;
};

}  // namespace upcycle
