// Regular expressions over UTF-8, by PCRE2.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace upcycle {

// Immutable, and may be searched with by several threads at once.
class Regex {
 public:
  // `pattern` as Hugging Face's tokenizers write them (regex_syntax.h). Throws Error(kInput) for
  // one that is wrong or not supported.
  static Regex FromOniguruma(std::string_view pattern);
  // PCRE2's own syntax, with UTF, UCP and MULTILINE.
  explicit Regex(const std::string& pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  bool Matches(std::string_view text) const;  // anywhere in it

 private:
  friend class RegexSearch;
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

// One way through a text, from match to match. Both `regex` and `text`, which is valid UTF-8, must
// outlive it.
class RegexSearch {
 public:
  RegexSearch(const Regex& regex, std::string_view text);
  ~RegexSearch();

  // The next match behind the one before; false: none is left. An empty match that touches the one
  // before is none. Throws Error(kInput) where the search takes more steps than any sensible
  // pattern needs.
  bool Next();
  size_t begin() const { return begin_; }
  size_t end() const { return end_; }

 private:
  bool SearchFrom(size_t from);

  struct Memory;
  const Regex::Compiled& compiled_;
  std::optional<std::string> older_;  // young_characters.h
  std::string_view text_;
  std::unique_ptr<Memory> memory_;
  size_t from_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool matched_ = false;  // begin_ and end_ are those of a match
};

}  // namespace upcycle
