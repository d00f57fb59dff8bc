#include "core/tokenizers/regex_syntax.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

// All but kWhitespaceClass.
constexpr std::string_view kOtherClass =
    R"(\x{0}-\x{8}\x{E}-\x{1F}!-\x{84}\x{86}-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF})"
    R"(\x{200B}-\x{2027}\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{10FFFF})";
constexpr std::string_view kWordClass = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
// Outside of sets Oniguruma takes the superscripts and fractions of Latin-1 for characters of words
// as well.
constexpr std::string_view kWordClassAlone =
    R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE})";

// General categories, and two other properties that have the same name in both.
constexpr std::array<std::string_view, 40> kProperties = {
    "c",  "cc", "cf", "cn", "co", "cs", "l",  "ll",  "lm",         "lo",
    "lt", "lu", "m",  "mc", "me", "mn", "n",  "nd",  "nl",         "no",
    "p",  "pc", "pd", "pe", "pf", "pi", "po", "ps",  "s",          "sc",
    "sk", "sm", "so", "z",  "zl", "zp", "zs", "any", "alphabetic", "join_control"};

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::string Run() {
    while (at_ < pattern_.size()) Item();
    return out_;
  }

 private:
  [[noreturn]] void Refuse(std::string_view construct) const {
    throw Error(Cause::kInput,
                fmt::format("the pattern {} uses {}, which upcycle's tokenizers do not support",
                            pattern_, construct));
  }

  bool Has(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }

  // Moves `count` characters of the pattern on as they are.
  void Keep(size_t count) {
    out_ += pattern_.substr(at_, count);
    at_ += count;
  }

  bool Take(std::string_view text) {
    if (!Has(text)) return false;
    at_ += text.size();
    return true;
  }

  void Item() {
    switch (pattern_[at_]) {
      case '\\':
        return Escape();
      case '[':
        return Class();
      case '(':
        return Group();
      case '{':
        return Braces();
      case '?':
      case '*':
      case '+':
        return Repeat();
      default:
        Keep(1);
    }
  }

  // ?, * and + alone, lazy or possessive: the same in both.
  void Repeat() {
    Keep(1);
    if (Has("?") || Has("+")) Keep(1);
    if (Has("?") || Has("*") || Has("+")) Refuse("a repetition of a repetition");
  }

  // {n}, {n,}, {n,m} and {,m}; any other brace is itself.
  void Braces() {
    size_t end = at_ + 1;
    const auto digits = [&] {
      const size_t begin = end;
      while (end < pattern_.size() && std::isdigit(static_cast<unsigned char>(pattern_[end])))
        ++end;
      return pattern_.substr(begin, end - begin);
    };
    const std::string_view least = digits();
    const bool comma = end < pattern_.size() && pattern_[end] == ',';
    if (comma) ++end;
    const std::string_view most = comma ? digits() : "";
    const bool closed = end < pattern_.size() && pattern_[end] == '}';
    if (!closed || (least.empty() && most.empty())) {
      out_ += "\\{";
      ++at_;
      return;
    }
    out_ += fmt::format("{{{}{}{}}}", least.empty() ? "0" : least, comma ? "," : "", most);
    at_ = end + 1;
    if (Has("+") || Has("*") || (Has("?") && !comma)) Refuse("a repetition of a repetition");
    if (Has("?")) Keep(1);
  }

  void Group() {
    for (const std::string_view same : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (Has(same)) return Keep(same.size());
    }
    // Elsewhere than at the beginning, options reach further in one syntax than in the other.
    if (Has("(?i:") || Has("(?-i:") || (Has("(?i)") && at_ == 0)) {
      return Keep(pattern_.find_first_of(":)", at_) + 1 - at_);
    }
    if (Has("(?") || Has("(*")) Refuse(fmt::format("the group {}", pattern_.substr(at_, 4)));
    Keep(1);
  }

  // The class that an escape names, if it names one, as PCRE2 writes it in a set.
  struct Named {
    std::string_view members;
    std::string_view others;  // empty: no list says them
    std::string_view members_alone;
  };
  static std::optional<Named> NamedClass(char lower) {
    if (lower == 's') return Named{kWhitespaceClass, kOtherClass, kWhitespaceClass};
    if (lower == 'd') return Named{R"(\p{Nd})", R"(\P{Nd})", R"(\p{Nd})"};
    if (lower == 'w') return Named{kWordClass, "", kWordClassAlone};
    return std::nullopt;
  }

  void Escape() {
    if (at_ + 1 == pattern_.size()) Refuse("a backslash at its end");
    const char c = pattern_[at_ + 1];
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (const auto named = NamedClass(lower)) {
      out_ += fmt::format("[{}{}]", c == lower ? "" : "^", named->members_alone);
      at_ += 2;
    } else if (lower == 'b') {
      const std::string w = fmt::format("[{}]", kWordClassAlone);
      out_ += c == 'b' ? fmt::format("(?:(?<={0})(?!{0})|(?<!{0})(?={0}))", w)
                       : fmt::format("(?:(?<={0})(?={0})|(?<!{0})(?!{0}))", w);
      at_ += 2;
    } else if (c == 'A' || c == 'z') {
      Keep(2);
    } else {
      Literal();
    }
  }

  // An escape that stands for one character, or a property: the same inside and outside a class.
  void Literal() {
    const char c = pattern_[at_ + 1];
    if (c == 'p' || c == 'P') return Property();
    if (c == 'x' || c == 'u') return CodePoint();
    if (std::string_view("tnrfae").find(c) != std::string_view::npos) return Keep(2);
    if (c == 'v') {
      out_ += "\\x0B";
      at_ += 2;
      return;
    }
    if (std::isalnum(static_cast<unsigned char>(c))) Refuse(fmt::format("\\{}", c));
    Keep(static_cast<unsigned char>(c) < 0x80 ? 2 : 1);
  }

  // \xHH below 0x80, \x{H…} and \uHHHH.
  void CodePoint() {
    const bool braced = Has("\\x{");
    const size_t begin = at_ + (braced ? 3 : 2);
    size_t end = begin;
    const size_t most = braced ? 8 : pattern_[at_ + 1] == 'u' ? 4 : 2;
    while (end < pattern_.size() && end - begin < most &&
           std::isxdigit(static_cast<unsigned char>(pattern_[end]))) {
      ++end;
    }
    const std::string digits(pattern_.substr(begin, end - begin));
    const bool ended =
        braced ? end < pattern_.size() && pattern_[end] == '}' : digits.size() == most;
    if (digits.empty() || !ended) Refuse("an escape without its digits");
    const uint64_t value = std::stoull(digits, nullptr, 16);
    if (most == 2 && value >= 0x80) Refuse("\\x for a byte that is no character");
    out_ += fmt::format("\\x{{{}}}", digits);
    at_ = end + (braced ? 1 : 0);
  }

  // Those of kProperties as they are; everything else must be the name of a script.
  void Property() {
    const size_t close = pattern_.find('}', at_);
    if (at_ + 2 >= pattern_.size() || pattern_[at_ + 2] != '{' || close == std::string_view::npos) {
      Refuse("\\p without braces");
    }
    std::string name(pattern_.substr(at_ + 3, close - at_ - 3));
    bool negated = pattern_[at_ + 1] == 'P';
    if (name.starts_with('^')) {
      negated = !negated;
      name.erase(0, 1);
    }
    std::string lower = name;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool property = std::ranges::find(kProperties, lower) != kProperties.end();
    out_ += fmt::format("\\{}{{{}{}}}", negated ? 'P' : 'p', property ? "" : "sc:", name);
    at_ = close + 1;
  }

  void Class() {
    Keep(1);
    if (Has("^")) Keep(1);
    if (Has("]")) Refuse("a set that begins with ]");
    while (!Has("]")) {
      if (at_ == pattern_.size()) Refuse("a set without an end");
      ClassItem();
    }
    Keep(1);
  }

  void ClassItem() {
    if (Has("[")) Refuse("a set within a set");
    if (Has("&&")) Refuse("an intersection of sets");
    if (!Has("\\")) return Keep(1);
    if (at_ + 1 == pattern_.size()) Refuse("a backslash at its end");
    const char c = pattern_[at_ + 1];
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto named = NamedClass(lower);
    if (!named && lower != 'p') {
      if (c == 'b') Refuse("\\b in a set");
      return Literal();
    }
    if (out_.ends_with('-') && !out_.ends_with("[-") && !out_.ends_with("[^-")) {
      Refuse("a range that ends with a class");
    }
    if (named) {
      const std::string_view members = c == lower ? named->members : named->others;
      if (members.empty()) Refuse(fmt::format("\\{} in a set", c));
      out_ += members;
      at_ += 2;
    } else {
      Property();
    }
    if (Has("-") && !Has("-]")) Refuse("a range that begins with a class");
  }

  std::string_view pattern_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string TranslateRegex(std::string_view oniguruma) { return Translator(oniguruma).Run(); }

}  // namespace upcycle
