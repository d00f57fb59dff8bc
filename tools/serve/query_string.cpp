#include "tools/serve/query_string.h"

#include <algorithm>

#include "core/utf8.h"

namespace upcycle {
namespace {

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? DigitOf(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? DigitOf(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (ValidUtf8Prefix(decoded) < decoded.size()) return std::nullopt;
  return decoded;
}

}  // namespace

std::optional<std::string> Target::Only(const std::string& name) const {
  const auto found = parameters.find(name);
  if (found == parameters.end() || found->second.size() != 1) return std::nullopt;
  return found->second.front();
}

std::optional<Target> ParseTarget(std::string_view target) {
  Target parsed;
  const size_t question = std::min(target.find('?'), target.size());
  parsed.path = std::string(target.substr(0, question));
  std::string_view rest = target.substr(std::min(question + 1, target.size()));
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto name = Decoded(pair.substr(0, equals));
    const auto value = Decoded(pair.substr(equals + 1));
    if (!name || !value) return std::nullopt;
    parsed.parameters[*name].push_back(*value);
  }
  return parsed;
}

}  // namespace upcycle
