#include "core/recipe/diagnostics.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

std::string_view LineAt(const Place& place) {
  std::string_view rest = place.source->text;
  for (int line = 1; line < place.line; ++line) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

// The source line and a caret under the column; of a long line, the part around the column.
std::string LineWithCaret(const Place& place) {
  constexpr size_t kShown = 96, kBefore = 60;
  const std::string_view whole = LineAt(place);
  if (whole.empty()) return {};
  const size_t column = std::min(static_cast<size_t>(place.column - 1), CountCharacters(whole));
  const size_t first = column > kShown - 10 ? column - kBefore : 0;
  std::string_view shown = whole.substr(BytesOfCharacters(whole, first));
  const size_t bytes = BytesOfCharacters(shown, kShown);
  const bool cut = bytes < shown.size();
  shown = shown.substr(0, bytes);
  std::string margin;  // as wide as what stands before the caret, tabs included
  for (const char c : shown.substr(0, BytesOfCharacters(shown, column - first))) {
    if (!ContinuesCharacter(c)) margin += c == '\t' ? '\t' : ' ';
  }
  return fmt::format("  {}{}{}\n  {}{}^\n", first > 0 ? "…" : "", shown, cut ? "…" : "",
                     first > 0 ? " " : "", margin);
}

// Text from the recipe may hold what a terminal obeys ("\e[2J" in quotes), or be very long.
std::string Printable(std::string text) {
  constexpr size_t kLongest = 1000;
  const size_t bytes = BytesOfCharacters(text, kLongest);
  if (bytes < text.size()) text = text.substr(0, bytes) + "…";
  for (char& c : text) {
    if (IsControl(c)) c = '?';
  }
  return text;
}

auto SortKey(const Diagnostic& diagnostic) {
  const Place& place = diagnostic.place;
  return std::tuple(place.source == nullptr ? -1 : place.source->order, place.line, place.column);
}

}  // namespace

std::string TextOf(const Diagnostic& diagnostic) {
  const bool is_error = diagnostic.severity == Severity::kError;
  std::string text = fmt::format("{}: {}: {}\n", diagnostic.place.ToString(),
                                 is_error ? "error" : "warning", diagnostic.message);
  const SourceText* source = diagnostic.place.source;
  if (source != nullptr && !source->is_override) text += LineWithCaret(diagnostic.place);
  if (!diagnostic.expected.empty()) text += fmt::format("  expected {}\n", diagnostic.expected);
  if (!diagnostic.suggestion.empty()) {
    text += fmt::format("  did you mean \"{}\"?\n", diagnostic.suggestion);
  }
  return text;
}

void Diagnostics::Add(Diagnostic diagnostic) {
  diagnostic.message = Printable(std::move(diagnostic.message));
  diagnostic.expected = Printable(std::move(diagnostic.expected));
  diagnostic.suggestion = Printable(std::move(diagnostic.suggestion));
  if (diagnostic.severity == Severity::kError) ++error_calls_;
  const Place& place = diagnostic.place;
  const Key key(place.source, place.line, place.column, diagnostic.message);
  if (seen_.contains(key)) return;
  if (diagnostic.severity == Severity::kError) ++errors_;
  if (list_.size() >= kMaximumKept) {
    ++left_out_;
    return;
  }
  seen_.insert(key);
  list_.push_back(std::move(diagnostic));
}

void Diagnostics::Error(const Place& place, std::string message, std::string expected,
                        std::string suggestion) {
  Add({Severity::kError, place, std::move(message), std::move(expected), std::move(suggestion)});
}

void Diagnostics::Warning(const Place& place, std::string message, std::string expected) {
  Add({Severity::kWarning, place, std::move(message), std::move(expected), {}});
}

std::vector<Diagnostic> Diagnostics::Sorted() const {
  std::vector<Diagnostic> sorted = list_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return SortKey(a) < SortKey(b);
  });
  return sorted;
}

std::string Diagnostics::Text() const {
  std::string text;
  for (const Diagnostic& diagnostic : Sorted()) text += TextOf(diagnostic);
  if (left_out_ > 0) text += fmt::format("{} more are not shown\n", left_out_);
  return text;
}

void Diagnostics::ThrowIfErrors() const {
  if (!HasErrors()) return;
  std::string text = Text();
  while (text.ends_with('\n')) text.pop_back();
  throw upcycle::Error(Cause::kInput, text);
}

}  // namespace upcycle
