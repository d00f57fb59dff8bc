#include "core/tokenizers/regex.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/error.h"
#include "core/tokenizers/regex_syntax.h"
#include "core/tokenizers/young_characters.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

constexpr uint32_t kCompileOptions = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE;

std::string MessageOf(int error) {
  std::array<PCRE2_UCHAR, 200> message = {};
  pcre2_get_error_message(error, message.data(), message.size());
  return reinterpret_cast<const char*>(message.data());
}

PCRE2_SPTR Units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

struct Regex::Compiled {
  Compiled() = default;
  ~Compiled() {
    pcre2_code_free(code);
    pcre2_compile_context_free(context);
  }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;

  std::string pattern;
  pcre2_compile_context* context = nullptr;
  pcre2_code* code = nullptr;
  bool jit = false;
};

struct RegexSearch::Memory {
  explicit Memory(const pcre2_code* code)
      : match(pcre2_match_data_create_from_pattern(code, nullptr)) {
    if (match == nullptr) throw Error(Cause::kMemory, "no memory is left to search a text");
  }
  ~Memory() { pcre2_match_data_free(match); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  pcre2_match_data* match;
};

Regex Regex::FromOniguruma(std::string_view pattern) { return Regex(TranslateRegex(pattern)); }

Regex::Regex(const std::string& pattern) {
  auto compiled = std::make_unique<Compiled>();
  compiled->pattern = pattern;
  compiled->context = pcre2_compile_context_create(nullptr);
  if (compiled->context == nullptr) {
    throw Error(Cause::kMemory, "no memory is left for a pattern");
  }
  pcre2_set_newline(compiled->context, PCRE2_NEWLINE_LF);
  int error = 0;
  size_t offset = 0;
  compiled->code = pcre2_compile(Units(pattern), pattern.size(), kCompileOptions, &error, &offset,
                                 compiled->context);
  if (compiled->code == nullptr) {
    throw Error(Cause::kInput, fmt::format("the pattern {} cannot be read: {} (at byte {})",
                                           pattern, MessageOf(error), offset));
  }
  // Where machine code cannot be made, PCRE2 interprets.
  compiled->jit = pcre2_jit_compile(compiled->code, PCRE2_JIT_COMPLETE) == 0;
  compiled_ = std::move(compiled);
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

bool Regex::Matches(std::string_view text) const { return RegexSearch(*this, text).Next(); }

RegexSearch::RegexSearch(const Regex& regex, std::string_view text)
    : compiled_(*regex.compiled_),
      older_(WithoutYoungCharacters(text)),
      text_(older_ ? std::string_view(*older_) : text),
      memory_(std::make_unique<Memory>(regex.compiled_->code)) {}

RegexSearch::~RegexSearch() = default;

bool RegexSearch::SearchFrom(size_t from) {
  const PCRE2_SPTR units = Units(text_);
  int found = PCRE2_ERROR_JIT_STACKLIMIT;
  if (compiled_.jit) {
    found = pcre2_jit_match(compiled_.code, units, text_.size(), from, PCRE2_NO_UTF_CHECK,
                            memory_->match, nullptr);
  }
  // The interpreter's memory grows where that of machine code does not.
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
    found = pcre2_match(compiled_.code, units, text_.size(), from,
                        PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, memory_->match, nullptr);
  }
  if (found == PCRE2_ERROR_NOMATCH) return false;
  if (found < 0) {
    const Cause cause = found == PCRE2_ERROR_NOMEMORY ? Cause::kMemory : Cause::kInput;
    throw Error(cause,
                fmt::format("the pattern {} cannot be searched for in a text of {} bytes: {}",
                            compiled_.pattern, text_.size(), MessageOf(found)));
  }
  const size_t* ends = pcre2_get_ovector_pointer(memory_->match);
  begin_ = ends[0];
  end_ = std::max(ends[0], ends[1]);
  return true;
}

bool RegexSearch::Next() {
  while (from_ <= text_.size()) {
    const size_t last_end = end_;
    if (!SearchFrom(from_)) break;
    if (begin_ == end_ && matched_ && end_ == last_end) {
      const bool more = from_ < text_.size();
      from_ += more ? std::max<size_t>(DecodeCharacter(text_.substr(from_)).bytes, 1) : 1;
      continue;
    }
    matched_ = true;
    from_ = end_;
    return true;
  }
  from_ = text_.size() + 1;
  return false;
}

}  // namespace upcycle
