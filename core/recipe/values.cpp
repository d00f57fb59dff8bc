#include "core/recipe/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <regex>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/spelling.h"

namespace upcycle {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A decimal number taken apart: ± digits · 10^exponent.
struct Decimal {
  bool negative = false;
  std::string digits;  // without the point
  int exponent = 0;
};

// Powers of ten that a suffix stands for.
std::optional<int> SuffixExponent(char c) {
  switch (c) {
    case 'k':
    case 'K':
      return 3;
    case 'M':
      return 6;
    case 'B':
    case 'G':
      return 9;
    case 'T':
      return 12;
    default:
      return std::nullopt;
  }
}

// The exponent that `rest` is: nothing, a suffix, or e and a whole number.
std::optional<int> ParseExponent(std::string_view rest) {
  constexpr int kLargest = 9999;
  if (rest.empty()) return 0;
  if (rest.size() == 1) return SuffixExponent(rest[0]);
  if (rest[0] != 'e' && rest[0] != 'E') return std::nullopt;
  const bool plus = rest[1] == '+';
  rest.remove_prefix(plus ? 2 : 1);
  if (plus && rest.starts_with('-')) return std::nullopt;
  int exponent = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return std::abs(exponent) <= kLargest ? std::optional(exponent) : std::nullopt;
}

std::optional<Decimal> ParseDecimal(std::string_view text) {
  Decimal decimal;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    decimal.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const bool leading_zero = text.size() > 1 && text[0] == '0' && IsDigit(text[1]);
  if (leading_zero) return std::nullopt;  // octal to some, decimal to others
  size_t i = 0;
  int fraction = 0;
  bool point = false;
  for (; i < text.size() && (IsDigit(text[i]) || (text[i] == '.' && !point)); ++i) {
    if (text[i] == '.') {
      point = true;
      continue;
    }
    decimal.digits += text[i];
    if (point) ++fraction;
  }
  const std::optional<int> exponent = ParseExponent(text.substr(i));
  if (decimal.digits.empty() || !exponent) return std::nullopt;
  decimal.exponent = *exponent - fraction;
  return decimal;
}

std::string Range(const FieldInfo& info) {
  const bool low = std::isfinite(info.minimum), high = std::isfinite(info.maximum);
  if (low && high && !info.above_minimum) {
    return fmt::format(" from {} to {}", info.minimum, info.maximum);
  }
  std::string range;
  if (low)
    range = fmt::format(" {} {}", info.above_minimum ? "above" : "of at least", info.minimum);
  if (high) range += fmt::format("{} at most {}", low ? "," : " of", info.maximum);
  return range;
}

std::string Unit(const FieldInfo& info) {
  const std::string_view unit = info.unit;
  if (unit.empty()) return {};
  return unit == "share" ? " or a percentage" : fmt::format(" ({})", unit);
}

bool IsInRange(double value, const FieldInfo& info) {
  if (info.above_minimum && value <= info.minimum) return false;
  return value >= info.minimum && value <= info.maximum;
}

// A scalar that is not text in quotes.
bool IsPlain(const Node& node) { return node.IsScalar() && !node.quoted; }

std::string WithoutQuotes(const Node& node, std::string expected) {
  return node.quoted ? expected + ", without quotes" : expected;
}

std::optional<double> ReadNumber(const Node& node, const FieldInfo& info) {
  if (!IsPlain(node)) return std::nullopt;
  std::string_view text = node.text;
  if (std::string_view(info.unit) == "share" && text.ends_with('%')) {
    text.remove_suffix(1);
    if (text.find_first_of("eEkKMBG") != std::string_view::npos) return std::nullopt;
    return ParseNumber(fmt::format("{}e-2", text));
  }
  return ParseNumber(text);
}

template <typename T>
bool ReadList(const Node& node, std::vector<T>& value, const FieldContext& field) {
  std::vector<T> list;
  if (node.IsScalar()) {
    list.resize(1);
    if (!ReadValue(node, list[0], field)) return false;
  } else if (node.IsSequence()) {
    list.resize(node.items.size());
    bool valid = true;
    for (size_t i = 0; i < list.size(); ++i) {
      const std::string path = fmt::format("{}.{}", field.path, i);
      const FieldContext item{path, field.info, field.diagnostics};
      valid &= ReadValue(node.items[i], list[i], item);
    }
    if (!valid) return false;
  } else {
    AddWrongValue(node, field, ExpectedWords(value, field.info));
    return false;
  }
  value = std::move(list);
  return true;
}

// std::regex recurses once a character: longer text is not matched but refused.
constexpr size_t kLongestMatched = 256;

bool Fits(const std::string& text, const FieldInfo& info) {
  if (*info.pattern == '\0') return true;
  return text.size() <= kLongestMatched && std::regex_match(text, std::regex(info.pattern));
}

}  // namespace

std::optional<int64_t> ParseWholeNumber(std::string_view text) {
  std::optional<Decimal> decimal = ParseDecimal(text);
  if (!decimal) return std::nullopt;
  std::string& digits = decimal->digits;
  while (digits.size() > 1 && digits.back() == '0' && decimal->exponent < 0) {
    digits.pop_back();
    ++decimal->exponent;
  }
  if (digits.find_first_not_of('0') == std::string::npos) return 0;
  if (decimal->exponent < 0) return std::nullopt;
  int64_t value = 0;
  const auto shift = [&](int digit) {
    const int64_t step = decimal->negative ? -digit : digit;
    return !__builtin_mul_overflow(value, int64_t{10}, &value) &&
           !__builtin_add_overflow(value, step, &value);
  };
  for (const char c : digits) {
    if (!shift(c - '0')) return std::nullopt;
  }
  for (int i = 0; i < decimal->exponent; ++i) {
    if (!shift(0)) return std::nullopt;
  }
  return value;
}

std::optional<double> ParseNumber(std::string_view text) {
  const std::optional<Decimal> decimal = ParseDecimal(text);
  if (!decimal) return std::nullopt;
  const std::string plain =
      fmt::format("{}{}e{}", decimal->negative ? "-" : "", decimal->digits, decimal->exponent);
  double value = 0;
  const auto result = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  return value == 0 ? 0 : value;  // there is no negative zero
}

std::string ResolvePath(std::string_view text, const Place& place) {
  const bool negated = text.starts_with('!');
  const std::filesystem::path path(negated ? text.substr(1) : text);
  return (negated ? "!" : "") + (place.source->directory / path).lexically_normal().string();
}

void AddWrongValue(const Node& node, const FieldContext& field, std::string expected,
                   std::string suggestion) {
  const std::string message = node.IsNull()
                                  ? fmt::format("{} has no value", field.path)
                                  : fmt::format("{} cannot be {}", field.path, KindWords(node));
  field.diagnostics.Error(node.place, message, std::move(expected), std::move(suggestion));
}

std::string OneOf(const std::vector<std::string>& words) {
  if (words.size() == 2) return fmt::format("{} or {}", words[0], words[1]);
  return fmt::format("one of {}", fmt::join(words, ", "));
}

std::optional<size_t> ReadWord(const Node& node, const std::vector<std::string>& words,
                               const FieldContext& field) {
  const auto found = std::find(words.begin(), words.end(), node.text);
  if (node.IsScalar() && found != words.end()) return found - words.begin();
  const std::string text = node.IsNull() ? "none" : node.text;
  AddWrongValue(node, field, OneOf(words), ClosestWord(text, words).value_or(""));
  return std::nullopt;
}

bool ReadValue(const Node& node, bool& value, const FieldContext& field) {
  if (IsPlain(node)) {
    const std::string& text = node.text;
    const bool yes = text == "true" || text == "True" || text == "TRUE";
    if (yes || text == "false" || text == "False" || text == "FALSE") {
      value = yes;
      return true;
    }
  }
  std::string word = node.text;
  std::transform(word.begin(), word.end(), word.begin(), ::tolower);
  std::string meant;
  if (word == "yes" || word == "on" || word == "y" || word == "1" || word == "true") meant = "true";
  if (word == "no" || word == "off" || word == "n" || word == "0" || word == "false") {
    meant = "false";
  }
  AddWrongValue(node, field, WithoutQuotes(node, ExpectedWords(value, field.info)), meant);
  return false;
}

bool ReadValue(const Node& node, int64_t& value, const FieldContext& field) {
  const std::optional<int64_t> number = IsPlain(node) ? ParseWholeNumber(node.text) : std::nullopt;
  if (number && IsInRange(static_cast<double>(*number), field.info)) {
    value = *number;
    return true;
  }
  AddWrongValue(node, field, WithoutQuotes(node, ExpectedWords(value, field.info)));
  return false;
}

bool ReadValue(const Node& node, double& value, const FieldContext& field) {
  const std::optional<double> number = ReadNumber(node, field.info);
  if (number && IsInRange(*number, field.info)) {
    value = *number;
    return true;
  }
  AddWrongValue(node, field, WithoutQuotes(node, ExpectedWords(value, field.info)));
  return false;
}

bool ReadValue(const Node& node, std::string& value, const FieldContext& field) {
  if (!node.IsScalar() || !Fits(node.text, field.info)) {
    AddWrongValue(node, field, ExpectedWords(value, field.info));
    return false;
  }
  value = field.info.is_path ? ResolvePath(node.text, node.place) : node.text;
  return true;
}

bool ReadValue(const Node& node, CapacityFactor& value, const FieldContext& field) {
  if (node.IsScalar() && node.text == "dropless") {
    value.factor.reset();
    return true;
  }
  const std::optional<double> number = ReadNumber(node, field.info);
  if (number && IsInRange(*number, field.info)) {
    value.factor = *number;
    return true;
  }
  AddWrongValue(node, field, WithoutQuotes(node, ExpectedWords(value, field.info)),
                ClosestWord(node.text, {"dropless"}).value_or(""));
  return false;
}

bool ReadValue(const Node& node, LayerSelection& value, const FieldContext& field) {
  using Kind = LayerSelection::Kind;
  if (node.IsScalar() && (node.text == "all" || node.text == "every_other")) {
    value = {node.text == "all" ? Kind::kAll : Kind::kEveryOther, {}};
    return true;
  }
  if (node.IsSequence() && !node.items.empty()) {
    LayerSelection list{Kind::kList, {}};
    FieldInfo layer = field.info;
    layer.minimum = 0;
    if (!ReadList(node, list.layers, {field.path, layer, field.diagnostics})) return false;
    value = std::move(list);
    return true;
  }
  AddWrongValue(node, field, ExpectedWords(value, field.info),
                ClosestWord(node.text, {"all", "every_other"}).value_or(""));
  return false;
}

bool ReadValue(const Node& node, std::vector<int64_t>& value, const FieldContext& field) {
  return ReadList(node, value, field);
}

bool ReadValue(const Node& node, std::vector<std::string>& value, const FieldContext& field) {
  return ReadList(node, value, field);
}

std::string ExpectedWords(const bool&, const FieldInfo&) { return "true or false"; }

std::string ExpectedWords(const int64_t&, const FieldInfo& info) {
  return "a whole number" + Range(info) + Unit(info);
}

std::string ExpectedWords(const double&, const FieldInfo& info) {
  return "a number" + Range(info) + Unit(info);
}

std::string ExpectedWords(const std::string&, const FieldInfo& info) {
  if (info.is_path) return "a path";
  return *info.form != '\0' ? info.form : "text";
}

std::string ExpectedWords(const CapacityFactor&, const FieldInfo& info) {
  return ExpectedWords(double{}, info) + ", or dropless";
}

std::string ExpectedWords(const LayerSelection&, const FieldInfo&) {
  return "all, every_other, or a list of layer numbers from 0";
}

std::string ExpectedWords(const std::vector<int64_t>&, const FieldInfo& info) {
  return "a list, each item " + ExpectedWords(int64_t{}, info);
}

std::string ExpectedWords(const std::vector<std::string>&, const FieldInfo& info) {
  return "a list, each item " + ExpectedWords(std::string{}, info);
}

}  // namespace upcycle
