#include "results/verification/same_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "results/verification/committed_table.h"

namespace upcycle {
namespace {

using Spelling = std::pair<std::string_view, std::string_view>;  // as it stands, as it is compared

constexpr Spelling kEntities[] = {
    {"&nbsp;", " "},  {"&thinsp;", " "}, {"&plusmn;", "±"}, {"&minus;", "−"},
    {"&ndash;", "–"}, {"&mdash;", "—"},  {"&lt;", "<"},     {"&gt;", ">"},
    {"&quot;", "\""}, {"&apos;", "'"},   {"&times;", "×"},  {"&amp;", "&"},
};
// An escaped sign or backslash comes first, so that it is not taken for the start of another.
constexpr Spelling kLatex[] = {
    {"\\\\", "\\\\"}, {"\\$", "\\$"}, {"\\~", "\\~"}, {"\\thinspace", " "},
    {"\\,", " "},     {"\\;", " "},   {"\\ ", " "},   {"\\textminus", "−"},
    {"\\pm", "±"},    {"~", " "},     {"$", ""},      {"{}", ""},
};
constexpr Spelling kSigns[] = {
    {"+/-", "±"},     // typed
    {"\u00A0", " "},  // no-break
    {"\u2007", " "},  // as wide as a digit
    {"\u2009", " "},  // thin
    {"\u202F", " "},  // narrow, no-break
    {"\u2010", "-"},  // hyphen
    {"\u2011", "-"},  // no-break hyphen
    {"\u2013", "-"},  // en dash
    {"\u2014", "-"},  // em dash
    {"\u2212", "-"},  // minus
    {"\t", " "},     {"\r", " "}, {"\n", " "},
};

std::string Respelled(std::string_view text, std::span<const Spelling> spellings) {
  std::string respelled;
  while (!text.empty()) {
    size_t length = 1;
    std::string_view is = text.substr(0, 1);
    for (const auto& [was, becomes] : spellings) {
      if (!text.starts_with(was)) continue;
      length = was.size(), is = becomes;
      break;
    }
    respelled += is;
    text.remove_prefix(length);
  }
  return respelled;
}

// As UTF-8; empty: there is no such character.
std::string CharacterOf(uint32_t code) {
  const auto byte = [](uint32_t bits) { return static_cast<char>(bits); };
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return "";
  if (code < 0x80) return {byte(code)};
  const char last = byte(0x80 | (code & 0x3F));
  if (code < 0x800) return {byte(0xC0 | code >> 6), last};
  const char third = byte(0x80 | (code >> 6 & 0x3F));
  if (code < 0x10000) return {byte(0xE0 | code >> 12), third, last};
  return {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 0x3F)), third, last};
}

// With the characters themselves where HTML has them by numbers: &#8722; or &#x2212;.
std::string WithoutNumbers(std::string_view html) {
  std::string text;
  while (!html.empty()) {
    const size_t at = std::min(html.find("&#"), html.size());
    text += html.substr(0, at);
    html.remove_prefix(at);
    if (html.empty()) break;
    const bool is_hexadecimal = html.size() > 2 && (html[2] == 'x' || html[2] == 'X');
    const char* const begin = html.data() + std::min<size_t>(is_hexadecimal ? 3 : 2, html.size());
    const char* const end = html.data() + html.size();
    uint32_t code = 0;
    const auto [behind, error] = std::from_chars(begin, end, code, is_hexadecimal ? 16 : 10);
    const bool is_whole = error == std::errc() && behind != end && *behind == ';';
    const std::string character = is_whole ? CharacterOf(code) : "";
    text += character.empty() ? "&#" : character;
    html.remove_prefix(character.empty() ? 2 : static_cast<size_t>(behind + 1 - html.data()));
  }
  return text;
}

// One blank for any run of them, none at the ends; what is nothing but dashes is one.
std::string Collapsed(std::string_view text) {
  std::string collapsed;
  for (const char c : TrimmedText(text)) {
    if (c != ' ' || !collapsed.ends_with(' ')) collapsed += c;
  }
  const bool is_dash = !collapsed.empty() && collapsed.find_first_not_of('-') == collapsed.npos;
  return is_dash ? "-" : collapsed;
}

std::string PlainText(std::string_view text, TableForm form) {
  if (form == TableForm::kLatex) return Collapsed(Respelled(Respelled(text, kLatex), kSigns));
  if (form == TableForm::kHtml || form == TableForm::kHtmlFragment) {
    return Collapsed(Respelled(Respelled(WithoutNumbers(text), kEntities), kSigns));
  }
  return Collapsed(Respelled(text, kSigns));
}

std::optional<double> NumberOf(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || behind != end) return std::nullopt;
  return number;
}

}  // namespace

bool SameText(std::string_view one, std::string_view other, TableForm form) {
  if (one == other) return true;
  if (form == TableForm::kJson) return false;
  if (form != TableForm::kCsv) return PlainText(one, form) == PlainText(other, form);
  const auto number = NumberOf(one), other_number = NumberOf(other);
  return number && other_number &&
         fmt::format("{:.15g}", *number) == fmt::format("{:.15g}", *other_number);
}

}  // namespace upcycle
