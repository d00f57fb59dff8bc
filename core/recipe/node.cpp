#include "core/recipe/node.h"

#include <fmt/format.h>

#include "core/utf8.h"

namespace upcycle {
namespace {

// Whether plain text would be read as something else, or not at all.
bool NeedsQuotes(const Node& scalar) {
  return scalar.quoted || scalar.text.empty() ||
         scalar.text.find_first_of(":#[]{},\n\"'") != std::string::npos;
}

}  // namespace

const Node* Node::Find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string KindWords(const Node& node) {
  constexpr size_t kShown = 40;
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kSequence:
      return node.items.empty() ? "an empty list" : "a list";
    case Node::Kind::kMapping:
      return "a mapping";
    case Node::Kind::kScalar:
      break;
  }
  const size_t bytes = BytesOfCharacters(node.text, kShown);
  return fmt::format("\"{}{}\"", node.text.substr(0, bytes), bytes < node.text.size() ? "…" : "");
}

std::string FlowText(const Node& node) {
  if (node.IsNull()) return "null";
  if (node.IsScalar()) return NeedsQuotes(node) ? fmt::format("\"{}\"", node.text) : node.text;
  std::string text;
  for (const Node& item : node.items) {
    text += (text.empty() ? "" : ", ") + FlowText(item);
  }
  for (const Entry& entry : node.entries) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", entry.key, FlowText(entry.value));
  }
  return node.IsMapping() ? fmt::format("{{{}}}", text) : fmt::format("[{}]", text);
}

}  // namespace upcycle
