#include "core/tokenizers/pre_tokenizer.h"

#include <fmt/format.h>

#include "core/tokenizers/limits.h"
#include "core/tokenizers/pre_tokenizer_steps.h"
#include "core/tokenizers/unicode.h"

namespace upcycle {
namespace {

using AtSpaces = PreTokenizer::AtSpaces;

// Rust's \w and \s, by which this component is defined.
constexpr std::string_view kWordsAndSymbols =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+)"
    R"(|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\s]+)";

std::unique_ptr<PreTokenizer::Step> MakeStep(const JsonNode& node) {
  const std::string type = node.Type();
  if (type == "Split") return std::make_unique<SplitStep>(node);
  if (type == "Metaspace") return std::make_unique<MetaspaceStep>(node);
  if (type == "Digits") {
    const bool alone = node["individual_digits"].Bool();
    return std::make_unique<CharacterStep>(
        IsNumber, alone ? Delimiter::kIsolated : Delimiter::kContiguous, AtSpaces::kNothing);
  }
  if (type == "Punctuation") {
    const auto behavior = node.Find("behavior");
    return std::make_unique<CharacterStep>(
        IsPunctuation, behavior ? ReadDelimiter(*behavior) : Delimiter::kIsolated,
        AtSpaces::kNothing);
  }
  if (type == "Whitespace") {
    return std::make_unique<SplitStep>(kWordsAndSymbols, Delimiter::kRemoved, /*inverted=*/true);
  }
  if (type == "WhitespaceSplit") {
    return std::make_unique<CharacterStep>(IsWhitespace, Delimiter::kRemoved, AtSpaces::kSeparates);
  }
  node.RefuseFeature(fmt::format("the pre-tokenizer {}", type));
}

}  // namespace

PreTokenizer::PreTokenizer(const JsonNode& node, bool without_spaces) {
  Read(node, without_spaces, 0);
  if (steps_.empty()) return;
  if (auto* last = dynamic_cast<ByteLevelStep*>(steps_.back().get())) {
    last->LeaveBytes();
    gives_bytes_ = true;
  }
}

void PreTokenizer::Read(const JsonNode& node, bool without_spaces, int depth) {
  const std::string type = node.Type();
  if (type == "Sequence") {
    if (depth == kDeepestNesting) node.Refuse("is nested too deeply");
    for (const JsonNode& inner : node["pretokenizers"].Elements()) {
      Read(inner, without_spaces && steps_.empty(), depth + 1);
    }
    return;
  }
  if (type == "ByteLevel") {
    steps_.push_back(std::make_unique<ByteLevelStep>(node));
    return;
  }
  std::unique_ptr<Step> step = MakeStep(node);
  const auto* split = dynamic_cast<const SplitStep*>(step.get());
  if (without_spaces && split != nullptr && split->pattern().IsLiteral(" ")) return;  // finds none
  steps_.push_back(std::move(step));
}

AtSpaces PreTokenizer::at_spaces() const {
  for (const auto& step : steps_) {
    if (step->at_spaces() != AtSpaces::kNothing) return step->at_spaces();
  }
  return AtSpaces::kNothing;
}

void PreTokenizer::Run(size_t step, Piece piece, Take take) const {
  if (piece.text.empty()) return;
  if (step == steps_.size()) return take(piece);
  steps_[step]->Split(piece, [&](Piece part) { Run(step + 1, part, take); });
}

}  // namespace upcycle
