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
#include "core/recipe/utf8.h"

namespace upcycle {
namespace {

// Ends the parse after a mistake that nothing can follow; its diagnostic has been added.
struct Refused {};

// Turns offsets into places.
class LineMap {
 public:
  explicit LineMap(const SourceText& source) : source_(source) {
    for (size_t i = 0; i < source.text.size(); ++i) {
      if (source.text[i] == '\n') begins_.push_back(i + 1);
    }
  }

  Place At(size_t offset) const {
    const auto after = std::upper_bound(begins_.begin(), begins_.end(), offset);
    const size_t begin = *(after - 1);
    const std::string_view before =
        std::string_view(source_.text).substr(begin, offset - std::min(begin, offset));
    return {&source_, static_cast<int>(after - begins_.begin()),
            static_cast<int>(CountCharacters(before)) + 1};
  }
  // yaml-cpp's marks count from 0, and columns in bytes.
  Place At(const YAML::Mark& mark) const {
    if (mark.is_null()) return {&source_, 1, 1};
    const size_t line = std::min<size_t>(std::max(mark.line, 0), begins_.size() - 1);
    return At(std::min(begins_[line] + std::max(mark.column, 0), source_.text.size()));
  }

 private:
  const SourceText& source_;
  std::vector<size_t> begins_ = {0};
};

// Whether a quote is closed: yaml-cpp accepts one that the end of the text cuts off.
bool IsClosed(std::string_view text, size_t open) {
  const char quote = text[open];
  for (size_t i = open + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
      if (!doubled) return true;
      ++i;
    }
  }
  return false;
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, const LineMap& lines, Diagnostics& diagnostics)
      : source_(source), lines_(lines), diagnostics_(diagnostics) {}

  Node Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    Refuse(lines_.At(mark), "a second document begins here",
           "one document: is this line indented like its neighbours?");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Part part = Begin(Node::Kind::kNull, lines_.At(mark), anchor);
    // The mark of a value that is left out is that of whatever follows.
    if (IsValueExpected()) {
      const Place& key = open_.back().node.entries.back().place;
      if (part.node.place.line != key.line) part.node.place = key;
    }
    Complete(std::move(part));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Part part = Begin(Node::Kind::kScalar, lines_.At(mark), anchor);
    RefuseTag(part.node.place, tag);
    part.node.text = text;
    part.node.quoted = tag == "!";
    const size_t offset = static_cast<size_t>(std::max(mark.pos, 0));
    const char first = offset < source_.text.size() ? source_.text[offset] : ' ';
    if ((first == '"' || first == '\'') && !IsClosed(source_.text, offset)) {
      Refuse(part.node.place, "the quote that opens here is never closed");
    }
    Complete(std::move(part));
  }

  // The copy keeps the place of its text.
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place place = lines_.At(mark);
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
    Open(Node::Kind::kSequence, lines_.At(mark), tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Node::Kind::kMapping, lines_.At(mark), tag, anchor);
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
    bool value_expected = false;  // a mapping whose last key has no value yet
  };
  struct Anchored {
    Node node;
    size_t levels;
    size_t nodes;
  };

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

  void Open(Node::Kind kind, const Place& place, const std::string& tag, YAML::anchor_t anchor) {
    RefuseTag(place, tag);
    if (IsKeyExpected()) RefuseKey(place);
    if (open_.size() >= kMaximumDepth) RefuseDepth(place);
    open_.push_back(Begin(kind, place, anchor));
    open_.back().levels = 1;
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
      {YAML::ErrorMsg::FLOW_END, "a closing bracket without an opening one", ""},
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

// A tab that indents, up to the line of a mistake: what the parser says about such a line misleads.
std::optional<size_t> FindIndentingTab(std::string_view text, int lines) {
  size_t begin = 0;
  for (int line = 0; line < lines && begin < text.size(); ++line) {
    const size_t first = text.find_first_not_of(' ', begin);
    if (first != std::string_view::npos && text[first] == '\t') return first;
    const size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  return std::nullopt;
}

void AddSyntaxError(const SourceText& source, const LineMap& lines,
                    const YAML::ParserException& mistake, Diagnostics& diagnostics) {
  const Place place = lines.At(mistake.mark);
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

// Whether plain text would be read as something else, or not at all.
bool NeedsQuotes(const Node& scalar) {
  return scalar.quoted || scalar.text.empty() ||
         scalar.text.find_first_of(":#[]{},\n\"'") != std::string::npos;
}

}  // namespace

std::string Place::ToString() const {
  if (source == nullptr) return "recipe";
  if (source->is_override) return source->name;
  return fmt::format("{}:{}:{}", source->name, line, column);
}

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

std::optional<Node> ParseDocument(const SourceText& source, Diagnostics& diagnostics) {
  const LineMap lines(source);
  if (!IsReadable(source, lines, diagnostics)) return std::nullopt;
  TreeBuilder builder(source, lines, diagnostics);
  try {
    std::istringstream stream(source.text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::ParserException& mistake) {
    AddSyntaxError(source, lines, mistake, diagnostics);
    return std::nullopt;
  } catch (const Refused&) {
    return std::nullopt;
  }
  Node root = builder.Take();
  if (root.place.source == nullptr) root.place = {&source, 1, 1};
  return root;
}

}  // namespace upcycle
