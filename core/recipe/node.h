// A tree in which everything knows its place, so that a mistake found at any later time can be
// shown under its own characters. What a scalar means (a number, a word) is decided by whoever
// reads it (values.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/source_text.h"

namespace upcycle {

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

}  // namespace upcycle
