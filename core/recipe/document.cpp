#include "core/recipe/document.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "core/recipe/diagnostics.h"
#include "core/recipe/source_text.h"

namespace upcycle {
namespace {

// Ends the parse after a mistake that nothing can follow; its diagnostic has been added.
struct Refused {};

// yaml-cpp's marks count from 0, and columns in bytes.
Place PlaceOf(const LineMap& lines, const YAML::Mark& mark) {
  return mark.is_null() ? lines.At(0) : lines.At(mark.line, mark.column);
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, const LineMap& lines, Diagnostics& diagnostics)
      : source_(source), lines_(lines), diagnostics_(diagnostics) {}

  Node Take() { return std::move(root_); }

  // Throws if the innermost bracket that is open is never closed.
  void RefuseOpenBracket() {
    for (auto part = open_.rbegin(); part != open_.rend(); ++part) {
      const char first = CharacterAt(part->bracket);
      if (first != '[' && first != '{') continue;
      if (IsBracketClosed(source_.text, static_cast<size_t>(part->bracket))) return;
      Refuse(part->node.place, fmt::format("the {} that opens here is never closed", first));
    }
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    Refuse(PlaceOf(lines_, mark), "a second document begins here",
           "one document: is this line indented like its neighbours?");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Part part = Begin(Node::Kind::kNull, PlaceOf(lines_, mark), anchor);
    // The mark of a value that is left out is that of whatever follows.
    if (IsValueExpected()) {
      const Place& key = open_.back().node.entries.back().place;
      if (part.node.place.line != key.line) part.node.place = key;
    }
    Complete(std::move(part));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Part part = Begin(Node::Kind::kScalar, PlaceOf(lines_, mark), anchor);
    RefuseTag(part.node.place, tag);
    part.node.text = text;
    part.node.quoted = tag == "!";
    const char first = CharacterAt(mark.pos);
    if ((first == '"' || first == '\'') && !IsQuoteClosed(source_.text, mark.pos)) {
      Refuse(part.node.place, "the quote that opens here is never closed");
    }
    Complete(std::move(part));
  }

  // The copy keeps the place of its text.
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place place = PlaceOf(lines_, mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) Refuse(place, "an alias stands inside its own anchor");
    if (IsKeyExpected()) RefuseKey(place);
    Part part;
    part.node = found->second.node;
    part.levels = found->second.levels;
    if (open_.size() + part.levels > kMaximumDepth) RefuseDepth(place);
    Count(found->second.nodes, place);
    Complete(std::move(part));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Node::Kind::kSequence, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Node::Kind::kMapping, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapEnd() override {
    RefuseDuplicates(open_.back().node);
    Close();
  }

 private:
  // A node on its way into the tree.
  struct Part {
    Node node;
    YAML::anchor_t anchor = 0;
    size_t levels = 0;  // of lists and mappings, itself included
    size_t nodes_before = 0;
    int bracket = 0;              // where a list or a mapping begins, with a bracket or without
    bool value_expected = false;  // a mapping whose last key has no value yet
  };
  struct Anchored {
    Node node;
    size_t levels;
    size_t nodes;
  };

  char CharacterAt(int position) const {
    const size_t offset = static_cast<size_t>(std::max(position, 0));
    return offset < source_.text.size() ? source_.text[offset] : ' ';
  }

  [[noreturn]] void Refuse(const Place& place, std::string message, std::string expected = {}) {
    diagnostics_.Error(place, std::move(message), std::move(expected));
    throw Refused{};
  }
  [[noreturn]] void RefuseDepth(const Place& place) {
    Refuse(place, fmt::format("nested more than {} levels deep", kMaximumDepth));
  }
  [[noreturn]] void RefuseKey(const Place& place) {
    Refuse(place, "this cannot be a key", "one word before the colon");
  }
  void RefuseTag(const Place& place, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    diagnostics_.Error(place, "a recipe has no tags", "the value without its !tag");
  }
  // The first of equal keys stays.
  void RefuseDuplicates(Node& mapping) {
    std::vector<size_t> sorted(mapping.entries.size());
    std::iota(sorted.begin(), sorted.end(), 0);
    std::stable_sort(sorted.begin(), sorted.end(), [&](size_t a, size_t b) {
      return mapping.entries[a].key < mapping.entries[b].key;
    });
    std::vector<bool> repeated(sorted.size());
    for (size_t i = 1; i < sorted.size(); ++i) {
      const Entry& entry = mapping.entries[sorted[i]];
      const Entry& previous = mapping.entries[sorted[i - 1]];
      if (entry.key != previous.key) continue;
      repeated[sorted[i]] = true;
      diagnostics_.Error(entry.place, fmt::format("the key \"{}\" is given twice", entry.key),
                         fmt::format("each key once: line {} has it already", previous.place.line));
    }
    size_t index = 0;
    std::erase_if(mapping.entries, [&](const Entry&) { return repeated[index++]; });
  }

  void Count(size_t nodes, const Place& place) {
    nodes_ += nodes;
    if (nodes_ <= kMaximumNodes) return;
    Refuse(place, fmt::format("more than {} values, aliases expanded", kMaximumNodes));
  }

  Part Begin(Node::Kind kind, const Place& place, YAML::anchor_t anchor) {
    Part part;
    part.node.kind = kind;
    part.node.place = place;
    part.anchor = anchor;
    part.nodes_before = nodes_;
    Count(1, place);
    return part;
  }

  void Open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    const Place place = PlaceOf(lines_, mark);
    RefuseTag(place, tag);
    const bool is_key = IsKeyExpected();
    if (open_.size() >= kMaximumDepth) RefuseDepth(place);
    open_.push_back(Begin(kind, place, anchor));
    open_.back().levels = 1;
    open_.back().bracket = mark.pos;
    if (is_key) {
      RefuseOpenBracket();
      RefuseKey(place);
    }
  }

  void Close() {
    Part part = std::move(open_.back());
    open_.pop_back();
    Complete(std::move(part));
  }

  bool IsValueExpected() const { return !open_.empty() && open_.back().value_expected; }
  bool IsKeyExpected() const {
    return !open_.empty() && open_.back().node.IsMapping() && !open_.back().value_expected;
  }

  // Puts a whole node where it belongs.
  void Complete(Part part) {
    if (part.anchor != 0) {
      anchors_[part.anchor] = {part.node, part.levels, nodes_ - part.nodes_before};
    }
    if (open_.empty()) {
      root_ = std::move(part.node);
      return;
    }
    Part& parent = open_.back();
    parent.levels = std::max(parent.levels, part.levels + 1);
    if (parent.node.IsSequence()) {
      parent.node.items.push_back(std::move(part.node));
    } else if (parent.value_expected) {
      parent.node.entries.back().value = std::move(part.node);
      parent.value_expected = false;
    } else {
      AddKey(parent, part.node);
    }
  }

  void AddKey(Part& mapping, const Node& key) {
    if (!key.IsScalar() || key.text.empty()) RefuseKey(key.place);
    if (key.text == "<<" && !key.quoted) {
      diagnostics_.Error(key.place, "merge keys are not part of YAML 1.2",
                         "`extends: base.yaml` to build on another recipe");
    }
    mapping.node.entries.push_back({key.text, key.place, key.quoted, Node{}});
    mapping.value_expected = true;
  }

  const SourceText& source_;
  const LineMap& lines_;
  Diagnostics& diagnostics_;
  std::vector<Part> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  Node root_;
  size_t nodes_ = 0;
  int documents_ = 0;
};

struct SyntaxWords {
  std::string_view parser;
  std::string_view message;
  std::string_view expected;
};

// What yaml-cpp says, in words that name the mistake.
std::optional<SyntaxWords> WordsFor(std::string_view mistake) {
  const SyntaxWords known[] = {
      {YAML::ErrorMsg::MAP_VALUE, "a colon has no place here",
       "one `key: value` a line, keys of one mapping indented alike; quote text that contains a "
       "colon and a space"},
      {YAML::ErrorMsg::MAP_KEY, "a key has no place here",
       "keys of one mapping on lines of their own, indented alike"},
      {YAML::ErrorMsg::END_OF_MAP, "this line fits no mapping above it",
       "keys of one mapping indented alike"},
      {YAML::ErrorMsg::END_OF_SEQ, "this line fits no list above it",
       "items of one list indented alike, each with `- `"},
      {YAML::ErrorMsg::END_OF_MAP_FLOW, "a mapping in { } is not closed before this", "a `}`"},
      {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a list in [ ] is not closed before this", "a `]`"},
      {YAML::ErrorMsg::FLOW_END, "this bracket closes nothing",
       "the bracket that matches the one that is open"},
      {YAML::ErrorMsg::BLOCK_ENTRY, "a list item has no place here",
       "`- ` on lines of their own, indented alike"},
      {YAML::ErrorMsg::UNKNOWN_TOKEN, "a value cannot begin with this character",
       "quotes around text that begins with a special character"},
      {YAML::ErrorMsg::UNKNOWN_ANCHOR, "this alias has no anchor before it", "`&name` on a value"},
  };
  for (const SyntaxWords& words : known) {
    if (words.parser == mistake) return words;
  }
  return std::nullopt;
}

bool IsAboutBrackets(const YAML::ParserException& mistake) {
  return mistake.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW ||
         mistake.msg == YAML::ErrorMsg::END_OF_MAP_FLOW;
}

void AddSyntaxError(const SourceText& source, const LineMap& lines,
                    const YAML::ParserException& mistake, Diagnostics& diagnostics) {
  const Place place = PlaceOf(lines, mistake.mark);
  if (const auto tab = FindIndentingTab(source.text, place.line)) {
    diagnostics.Error(lines.At(*tab), "a tab cannot indent in YAML", "spaces");
    return;
  }
  if (const auto words = WordsFor(mistake.msg)) {
    diagnostics.Error(place, std::string(words->message), std::string(words->expected));
  } else {
    diagnostics.Error(place, fmt::format("this is not YAML: {}", mistake.msg));
  }
}

bool IsReadable(const SourceText& source, const LineMap& lines, Diagnostics& diagnostics) {
  if (source.text.size() > kMaximumBytes) {
    diagnostics.Error({&source, 1, 1}, fmt::format("this has {} bytes", source.text.size()),
                      fmt::format("a recipe of at most {}", kMaximumBytes));
    return false;
  }
  const size_t unreadable = FindUnreadable(source.text);
  if (unreadable == source.text.size()) return true;
  diagnostics.Error(lines.At(unreadable),
                    fmt::format("the byte 0x{:02x} does not belong in a text file",
                                static_cast<unsigned char>(source.text[unreadable])),
                    "UTF-8 without control characters");
  return false;
}

}  // namespace

std::optional<Node> ParseDocument(const SourceText& source, Diagnostics& diagnostics) {
  const LineMap lines(source);
  if (!IsReadable(source, lines, diagnostics)) return std::nullopt;
  TreeBuilder builder(source, lines, diagnostics);
  try {
    std::istringstream stream(source.text);
    YAML::Parser parser(stream);
    try {
      while (parser.HandleNextDocument(builder)) {
      }
    } catch (const YAML::ParserException& mistake) {
      if (IsAboutBrackets(mistake)) builder.RefuseOpenBracket();
      AddSyntaxError(source, lines, mistake, diagnostics);
      return std::nullopt;
    }
  } catch (const Refused&) {
    return std::nullopt;
  }
  Node root = builder.Take();
  if (root.place.source == nullptr) root.place = {&source, 1, 1};
  return root;
}

}  // namespace upcycle
