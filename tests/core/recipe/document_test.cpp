#include "core/recipe/document.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/recipe/diagnostics.h"
#include "tests/says.h"

namespace upcycle {
namespace {

// A parsed text; its mistakes are those of ParseDocument.
struct Parsed {
  explicit Parsed(std::string text) : source{"a.yaml", std::move(text), "/", 0, false} {
    root = ParseDocument(source, diagnostics);
  }
  std::string mistakes() const { return diagnostics.Text(); }

  SourceText source;
  Diagnostics diagnostics;
  std::optional<Node> root;
};

TEST(Document, ReadsScalarsListsAndMappingsInOrder) {
  const Parsed parsed("b: 1\na: [x, 'y', \"z\"]\nc:\n  d: ~\n");
  ASSERT_EQ(parsed.mistakes(), "");
  ASSERT_TRUE(parsed.root->IsMapping());
  ASSERT_EQ(parsed.root->entries.size(), 3u);
  EXPECT_EQ(parsed.root->entries[0].key, "b");
  EXPECT_EQ(parsed.root->entries[1].key, "a");
  const Node& list = *parsed.root->Find("a");
  ASSERT_EQ(list.items.size(), 3u);
  EXPECT_FALSE(list.items[0].quoted);
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_TRUE(list.items[2].quoted);
  EXPECT_TRUE(parsed.root->Find("c")->Find("d")->IsNull());
  EXPECT_EQ(parsed.root->Find("e"), nullptr);
}

TEST(Document, CountsLinesAndColumnsFromOne) {
  const Parsed parsed("moe:\n  top_k: 2\n");
  const Node& moe = *parsed.root->Find("moe");
  EXPECT_EQ(parsed.root->entries[0].place.ToString(), "a.yaml:1:1");
  EXPECT_EQ(moe.entries[0].place.ToString(), "a.yaml:2:3");
  EXPECT_EQ(moe.entries[0].value.place.ToString(), "a.yaml:2:10");
}

TEST(Document, CountsCharactersNotBytes) {
  const Parsed parsed("é: {ü: [ß, 1]}\n");
  EXPECT_EQ(parsed.root->entries[0].value.entries[0].value.items[1].place.ToString(),
            "a.yaml:1:12");
}

TEST(Document, PlacesAMissingValueAtItsKey) {
  const Parsed parsed("a:\nb: 1\n");
  EXPECT_EQ(parsed.root->Find("a")->place.ToString(), "a.yaml:1:1");
}

TEST(Document, ReadsAnEmptyFileAsNothing) {
  EXPECT_TRUE(Parsed("").root->IsNull());
  EXPECT_TRUE(Parsed("# only a comment\n").root->IsNull());
}

TEST(Document, ReadsWindowsLineEnds) {
  const Parsed parsed("a: 1\r\nb: 2\r\n");
  EXPECT_EQ(parsed.root->Find("a")->text, "1");
  EXPECT_EQ(parsed.root->Find("b")->text, "2");
}

TEST(Document, CopiesAliasesWithThePlaceOfTheirText) {
  const Parsed parsed("a: &x [1, 2]\nb: *x\n");
  ASSERT_EQ(parsed.mistakes(), "");
  EXPECT_EQ(parsed.root->Find("b")->items[1].text, "2");
  EXPECT_EQ(parsed.root->Find("b")->items[1].place.ToString(), "a.yaml:1:11");
}

TEST(Document, RefusesAnAliasWithoutAnchor) {
  EXPECT_EQ(Parsed("a: *x\n").mistakes(),
            "a.yaml:1:4: error: this alias has no anchor before it\n"
            "  a: *x\n"
            "     ^\n"
            "  expected `&name` on a value\n");
}

TEST(Document, RefusesAnAliasInsideItsOwnAnchor) {
  EXPECT_EQ(Parsed("a: &x [1, *x]\n").mistakes(),
            "a.yaml:1:11: error: an alias stands inside its own anchor\n"
            "  a: &x [1, *x]\n"
            "            ^\n");
}

TEST(Document, RefusesABombOfAliases) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    text += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i,
                        i - 1);
  }
  const Parsed parsed(text);
  EXPECT_FALSE(parsed.root.has_value());
  EXPECT_TRUE(Says(parsed.mistakes(), "more than 200000 values, aliases expanded"));
}

TEST(Document, RefusesDeepNesting) {
  EXPECT_TRUE(Says(Parsed(std::string(33, '[') + std::string(33, ']')).mistakes(),
                   "a.yaml:1:33: error: nested more than 32 levels deep"));
  EXPECT_EQ(Parsed(std::string(32, '[') + std::string(32, ']')).mistakes(), "");
  EXPECT_FALSE(Parsed(std::string(100000, '[')).root.has_value());
}

TEST(Document, RefusesNestingThatAliasesMake) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) text += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);
  EXPECT_TRUE(Says(Parsed(text).mistakes(), "nested more than 32 levels deep"));
}

TEST(Document, KeepsTheFirstOfEqualKeys) {
  const Parsed parsed("a: 1\nb: 2\na: 3\n");
  EXPECT_EQ(parsed.mistakes(),
            "a.yaml:3:1: error: the key \"a\" is given twice\n"
            "  a: 3\n"
            "  ^\n"
            "  expected each key once: line 1 has it already\n");
  EXPECT_EQ(parsed.root->entries.size(), 2u);
  EXPECT_EQ(parsed.root->Find("a")->text, "1");
}

TEST(Document, RefusesASecondDocument) {
  EXPECT_EQ(Parsed("a: 1\n---\nb: 2\n").mistakes(),
            "a.yaml:2:1: error: a second document begins here\n"
            "  ---\n"
            "  ^\n"
            "  expected one document: is this line indented like its neighbours?\n");
}

TEST(Document, RefusesTagsMergeKeysAndKeysThatAreNoWords) {
  EXPECT_EQ(Parsed("a: !!python/object x\n").mistakes(),
            "a.yaml:1:4: error: a recipe has no tags\n"
            "  a: !!python/object x\n"
            "     ^\n"
            "  expected the value without its !tag\n");
  EXPECT_EQ(Parsed("<<: {a: 1}\n").mistakes(),
            "a.yaml:1:1: error: merge keys are not part of YAML 1.2\n"
            "  <<: {a: 1}\n"
            "  ^\n"
            "  expected `extends: base.yaml` to build on another recipe\n");
  EXPECT_EQ(Parsed("? [a, b]\n: 1\n").mistakes(),
            "a.yaml:1:3: error: this cannot be a key\n"
            "  ? [a, b]\n"
            "    ^\n"
            "  expected one word before the colon\n");
  EXPECT_EQ(Parsed("~: 1\n").mistakes(),
            "a.yaml:1:1: error: this cannot be a key\n"
            "  ~: 1\n"
            "  ^\n"
            "  expected one word before the colon\n");
}

TEST(Document, NamesATabThatIndents) {
  EXPECT_EQ(Parsed("moe:\n\ttop_k: 2\n").mistakes(),
            "a.yaml:2:1: error: a tab cannot indent in YAML\n"
            "  \ttop_k: 2\n"
            "  ^\n"
            "  expected spaces\n");
}

TEST(Document, NamesSyntaxErrorsInItsOwnWords) {
  EXPECT_EQ(Parsed("a: b: c\n").mistakes(),
            "a.yaml:1:5: error: a colon has no place here\n"
            "  a: b: c\n"
            "      ^\n"
            "  expected one `key: value` a line, keys of one mapping indented alike; quote text "
            "that contains a colon and a space\n");
  EXPECT_EQ(Parsed("a: [1, 2}\nb: 3\n").mistakes(),
            "a.yaml:1:9: error: this bracket closes nothing\n"
            "  a: [1, 2}\n"
            "          ^\n"
            "  expected the bracket that matches the one that is open\n");
  EXPECT_EQ(Parsed("a: @x\n").mistakes(),
            "a.yaml:1:4: error: a value cannot begin with this character\n"
            "  a: @x\n"
            "     ^\n"
            "  expected quotes around text that begins with a special character\n");
}

TEST(Document, RefusesAQuoteThatIsNeverClosed) {
  EXPECT_EQ(Parsed("a: \"x\nb: 1\n").mistakes(),
            "a.yaml:1:4: error: the quote that opens here is never closed\n"
            "  a: \"x\n"
            "     ^\n");
  EXPECT_EQ(Parsed("a: 'it''s\n").mistakes(),
            "a.yaml:1:4: error: the quote that opens here is never closed\n"
            "  a: 'it''s\n"
            "     ^\n");
  EXPECT_EQ(Parsed("a: 'it''s'\nb: \"\\\"\"\n").mistakes(), "");
}

TEST(Document, RefusesABracketThatIsNeverClosed) {
  EXPECT_EQ(Parsed("a: 1\nb: [1, 2").mistakes(),
            "a.yaml:2:4: error: the [ that opens here is never closed\n"
            "  b: [1, 2\n"
            "     ^\n");
  EXPECT_EQ(Parsed("a: [1, 2\nb: 3\n").mistakes(),
            "a.yaml:1:4: error: the [ that opens here is never closed\n"
            "  a: [1, 2\n"
            "     ^\n");
  EXPECT_EQ(Parsed("{a: 1").mistakes(),
            "a.yaml:1:1: error: the { that opens here is never closed\n"
            "  {a: 1\n"
            "  ^\n");
}

TEST(Document, RefusesWhatIsNotUtf8Text) {
  EXPECT_EQ(Parsed("a: \xff\n").mistakes().substr(0, 64),
            "a.yaml:1:4: error: the byte 0xff does not belong in a text file\n");
  EXPECT_EQ(Parsed("a: \x1b[2J\n").mistakes().substr(0, 64),
            "a.yaml:1:4: error: the byte 0x1b does not belong in a text file\n");
  EXPECT_FALSE(Parsed(std::string("a: 1\0b", 6)).root.has_value());
}

TEST(Document, RefusesALargeFile) {
  EXPECT_EQ(Parsed(std::string(1 << 20, '#') + "#").mistakes().substr(0, 44),
            "a.yaml:1:1: error: this has 1048577 bytes\n  ");
}

TEST(Node, IsWrittenOnOneLine) {
  EXPECT_EQ(FlowText(*Parsed("- kind: atlas\n  people: 400\n- [a, ~]\n- 'x, y'\n").root),
            "[{kind: atlas, people: 400}, [a, null], \"x, y\"]");
}

}  // namespace
}  // namespace upcycle
