// The rules, held against this tree.
#include <gtest/gtest.h>

#include "tests/style/rules.h"

namespace upcycle::style {
namespace {

using Rule = Violations (*)(const Tree&);

const Tree& ThisTree() {
  static const Tree tree = ReadTree(UPCYCLE_SOURCE_FOLDER);
  return tree;
}

void ExpectKept(Rule rule) {
  for (const Violation& violation : rule(ThisTree())) ADD_FAILURE() << ToString(violation);
}

// Else every rule would be kept by a tree that was not found.
TEST(Tree, HoldsTheFilesThatAreChecked) {
  size_t headers = 0;
  bool has_this_file = false;
  for (const SourceFile& file : ThisTree()) {
    headers += file.IsHeader();
    has_this_file = has_this_file || file.path == "tests/style/tree_test.cpp";
  }
  EXPECT_GE(headers, 10u);
  EXPECT_TRUE(has_this_file);
}

TEST(Tree, HasNoIncludeThatRunsUp) { ExpectKept(IncludesThatRunUp); }
TEST(Tree, HasHeadersWithPragmaOnce) { ExpectKept(HeadersWithoutPragmaOnce); }
TEST(Tree, HasNoHeaderThatIncludesFmt) { ExpectKept(HeadersThatIncludeFmt); }
TEST(Tree, HasNoLongFile) { ExpectKept(LongFiles); }
TEST(Tree, HasNoLongLine) { ExpectKept(LongLines); }
TEST(Tree, HasNoLongFunction) { ExpectKept(LongFunctions); }
TEST(Tree, HasNoUnfinishedWork) { ExpectKept(UnfinishedWork); }
TEST(Tree, HasNoHeaderThatOpensANamespace) { ExpectKept(NamespacesOpenedInHeaders); }
TEST(Tree, HasNoCallOfAssert) { ExpectKept(CallsOfAssert); }
TEST(Tree, EndsTheProcessInItsToolsOnly) { ExpectKept(CallsThatEndTheProcess); }
TEST(Tree, TakesNoEntropyFromTheSystem) { ExpectKept(SystemEntropy); }
TEST(Tree, NamesNoPathOfOneMachine) { ExpectKept(PathsOfOneMachine); }
TEST(Tree, HasNoTabAndNoTrailingSpace) { ExpectKept(TabsAndTrailingSpace); }
TEST(Tree, HasFixedNamesAtItsTop) { ExpectKept(UnknownTopLevelNames); }
TEST(Tree, IsMirroredByItsTests) { ExpectKept(TestsThatMirrorNothing); }
TEST(Tree, HasRecipesInYaml) { ExpectKept(RecipesThatAreNotYaml); }

}  // namespace
}  // namespace upcycle::style
