// What a scalar or a list in a recipe means: one `ReadValue` and one `ExpectedWords` for each type
// that a field can have (fields.h). A value that is wrong leaves the field as it was and adds a
// diagnostic.
//
// Plain scalars mean what YAML 1.2's core schema says, with three additions: whole numbers may be
// written as 1e6 or with a suffix (200k, 1.5M, 2B), numbers with a suffix, and shares as 0.5%.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/diagnostics.h"
#include "core/recipe/document.h"
#include "core/recipe/fields.h"

namespace upcycle {

// The field that is being read.
struct FieldContext {
  const std::string& path;  // "moe.top_k"
  const FieldInfo& info;
  Diagnostics& diagnostics;
};

bool ReadValue(const Node& node, bool& value, const FieldContext& field);
bool ReadValue(const Node& node, int64_t& value, const FieldContext& field);
bool ReadValue(const Node& node, double& value, const FieldContext& field);
bool ReadValue(const Node& node, std::string& value, const FieldContext& field);
bool ReadValue(const Node& node, CapacityFactor& value, const FieldContext& field);
bool ReadValue(const Node& node, LayerSelection& value, const FieldContext& field);
// A scalar is a list of one.
bool ReadValue(const Node& node, std::vector<int64_t>& value, const FieldContext& field);
bool ReadValue(const Node& node, std::vector<std::string>& value, const FieldContext& field);

// What the field takes: "a whole number from 1 to 64".
std::string ExpectedWords(const bool&, const FieldInfo& info);
std::string ExpectedWords(const int64_t&, const FieldInfo& info);
std::string ExpectedWords(const double&, const FieldInfo& info);
std::string ExpectedWords(const std::string&, const FieldInfo& info);
std::string ExpectedWords(const CapacityFactor&, const FieldInfo& info);
std::string ExpectedWords(const LayerSelection&, const FieldInfo& info);
std::string ExpectedWords(const std::vector<int64_t>&, const FieldInfo& info);
std::string ExpectedWords(const std::vector<std::string>&, const FieldInfo& info);

// 12, -3, 1e6, 200k, 1.5M, 2B or 2G; nothing for any other text, a fraction or a number beyond 64
// bits.
std::optional<int64_t> ParseWholeNumber(std::string_view text);

// A finite decimal number, with an exponent or one of the suffixes k, M, B and G.
std::optional<double> ParseNumber(std::string_view text);

// A path that a recipe's file names, absolute; a leading ! of a pattern stays in front.
std::string ResolvePath(std::string_view text, const Place& place);

// Adds "PATH cannot be VALUE" and what was expected.
void AddWrongValue(const Node& node, const FieldContext& field, std::string expected,
                   std::string suggestion = {});

// The index of the word that the node is, or nothing and a diagnostic.
std::optional<size_t> ReadWord(const Node& node, const std::vector<std::string>& words,
                               const FieldContext& field);
std::string OneOf(const std::vector<std::string>& words);

template <NamedEnum E>
std::vector<std::string> WordsOf() {
  std::vector<std::string> words;
  for (const auto& entry : EnumNames<E>::values) words.emplace_back(entry.name);
  return words;
}

template <NamedEnum E>
bool ReadValue(const Node& node, E& value, const FieldContext& field) {
  const std::optional<size_t> index = ReadWord(node, WordsOf<E>(), field);
  if (index) value = EnumNames<E>::values[*index].value;
  return index.has_value();
}

template <NamedEnum E>
std::string ExpectedWords(const E&, const FieldInfo&) {
  return OneOf(WordsOf<E>());
}

}  // namespace upcycle
