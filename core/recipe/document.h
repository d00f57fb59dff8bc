// A YAML file as a tree in which everything knows its place, so that a mistake found at any later
// time can be shown under its own characters.
//
// The tree is YAML 1.2 without what a recipe has no use for: tags, merge keys and keys that are not
// plain words are refused, aliases are copied where they stand. What a scalar means (a number, a
// word) is decided by whoever reads it (values.h).
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

class Diagnostics;

// Where text came from: a file, or one `--set` of the command line.
struct SourceText {
  std::string name;  // as messages show it: "recipes/a.yaml", "--set moe.top_k=3"
  std::string text;
  std::filesystem::path directory;  // absolute; what relative paths in it are relative to
  int order = 0;                    // messages are sorted by it
  bool is_override = false;         // of the command line: has no lines
};

// Lines and columns count from 1, columns in characters. The source must outlive the place.
struct Place {
  const SourceText* source = nullptr;
  int line = 1;
  int column = 1;

  // The place `characters` further to the right.
  Place After(size_t characters) const {
    return {source, line, column + static_cast<int>(characters)};
  }
  std::string ToString() const;  // "file:line:column", or the override's own name
  bool operator==(const Place&) const = default;
};

struct Entry;

struct Node {
  enum class Kind { kNull, kScalar, kSequence, kMapping };

  Kind kind = Kind::kNull;
  Place place;
  std::string text;            // of a scalar, without its quotes
  bool quoted = false;         // or written as a block (| or >)
  std::vector<Node> items;     // of a sequence
  std::vector<Entry> entries;  // of a mapping, in the order in which they are written

  bool IsNull() const { return kind == Kind::kNull; }
  bool IsScalar() const { return kind == Kind::kScalar; }
  bool IsSequence() const { return kind == Kind::kSequence; }
  bool IsMapping() const { return kind == Kind::kMapping; }
  // The value of a key, or null.
  const Node* Find(std::string_view key) const;
};

struct Entry {
  std::string key;
  Place place;  // of the key
  bool quoted = false;
  Node value;
};

// What the node is, for messages: "nothing", "a list", "a mapping", or its text in quotes.
std::string KindWords(const Node& node);

// The node on one line, for names: "[{kind: atlas, people: 400}]".
std::string FlowText(const Node& node);

// Reads one YAML document; an empty one is null. Gives nothing, and adds to the
// diagnostics why, if the text is not UTF-8, not YAML, more than one document, larger than
// kMaximumBytes, deeper than kMaximumDepth, or, its aliases expanded, more than kMaximumNodes.
inline constexpr size_t kMaximumBytes = 1 << 20;
inline constexpr size_t kMaximumDepth = 32;
inline constexpr size_t kMaximumNodes = 200000;
std::optional<Node> ParseDocument(const SourceText& source, Diagnostics& diagnostics);

}  // namespace upcycle
