#include "core/tokenizers/post_processor.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/tokenizers/limits.h"

namespace upcycle {
namespace {

void AppendIds(const JsonNode& processor, const JsonNode& piece, std::vector<int32_t>& tokens) {
  for (const JsonNode& id : processor["special_tokens"][piece["id"].String()]["ids"].Elements()) {
    tokens.push_back(static_cast<int32_t>(id.Integer(0, kLargestToken)));
  }
}

SurroundingTokens ReadTemplate(const JsonNode& processor) {
  SurroundingTokens tokens;
  int texts = 0;
  for (const JsonNode& piece : processor["single"].Elements()) {
    if (const auto special = piece.Find("SpecialToken")) {
      AppendIds(processor, *special, texts == 0 ? tokens.before : tokens.after);
      continue;
    }
    if (piece["Sequence"]["id"].String() != "A") piece.Refuse("is not of the only text");
    if (++texts > 1) piece.RefuseFeature("a text twice");
  }
  if (texts == 0) processor["single"].RefuseFeature("a template without a text");
  return tokens;
}

// The templates in a component. What two of them do together depends on how many tokens the first
// one puts, so there is no more than one.
void CollectTemplates(const JsonNode& node, int depth, std::vector<JsonNode>& templates) {
  const std::string type = node.Type();
  if (type == "ByteLevel") return;  // changes where tokens lie in a text, and no token
  if (type == "TemplateProcessing") {
    if (!templates.empty()) node.RefuseFeature("a second template");
    templates.push_back(node);
    return;
  }
  if (type != "Sequence") node.RefuseFeature(fmt::format("the post-processor {}", type));
  if (depth == kDeepestNesting) node.Refuse("is nested too deeply");
  for (const JsonNode& inner : node["processors"].Elements()) {
    CollectTemplates(inner, depth + 1, templates);
  }
}

}  // namespace

SurroundingTokens ReadPostProcessor(const JsonNode& node) {
  std::vector<JsonNode> templates;
  CollectTemplates(node, 0, templates);
  return templates.empty() ? SurroundingTokens() : ReadTemplate(templates[0]);
}

}  // namespace upcycle
