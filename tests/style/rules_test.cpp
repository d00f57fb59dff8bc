// Each rule, held against made-up files that break it and files that do not.
#include "tests/style/rules.h"

#include <gtest/gtest.h>

namespace upcycle::style {
namespace {

// "path:line" of each violation.
std::vector<std::string> Places(const Violations& violations) {
  std::vector<std::string> places;
  for (const Violation& violation : violations) {
    places.push_back(violation.path + ":" + std::to_string(violation.line));
  }
  return places;
}

using Strings = std::vector<std::string>;

const Strings kNowhere;

TEST(IncludesThatRunUp, AreFoundBetweenFloors) {
  EXPECT_EQ(Places(IncludesThatRunUp({{"core/a.h", "\n#include \"kernels/backend.h\"\n"}})),
            Strings{"core/a.h:2"});
  EXPECT_EQ(
      Places(IncludesThatRunUp({{"kernels/cpu/a.cpp", "#include \"results/ledger/ledger.h\""}})),
      Strings{"kernels/cpu/a.cpp:1"});
  EXPECT_EQ(Places(IncludesThatRunUp({{"results/a.cpp", "#include \"kernels/backend.h\""}})),
            Strings{"results/a.cpp:1"});
  EXPECT_EQ(Places(IncludesThatRunUp({{"experiments/run/a.cpp", "#include \"tools/x.h\""}})),
            Strings{"experiments/run/a.cpp:1"});
  EXPECT_EQ(
      Places(IncludesThatRunUp({{"experiments/run/a.h", "#include \"experiments/study/plan.h\""}})),
      Strings{"experiments/run/a.h:1"});
}

TEST(IncludesThatRunUp, AreFoundWithinCore) {
  EXPECT_EQ(Places(IncludesThatRunUp({{"core/a.cpp", "#include \"core/recipe/fields.h\""}})),
            Strings{"core/a.cpp:1"});
  EXPECT_EQ(Places(IncludesThatRunUp({{"core/recipe/a.cpp", "#include \"core/data/corpus.h\""}})),
            Strings{"core/recipe/a.cpp:1"});
  EXPECT_EQ(Places(IncludesThatRunUp({{"core/data/a.cpp", "#include \"core/recipe/cost.h\""}})),
            Strings{"core/data/a.cpp:1"});
}

TEST(IncludesThatRunUp, AreFoundWhereAFloorKnowsMoreThanItNeeds) {
  EXPECT_EQ(Places(IncludesThatRunUp({{"kernels/a.h", "#include \"core/recipe/settings.h\""}})),
            Strings{"kernels/a.h:1"});
  EXPECT_EQ(Places(IncludesThatRunUp({{"results/a.h", "#include \"core/recipe/recipe.h\""}})),
            Strings{"results/a.h:1"});
}

TEST(IncludesThatRunUp, AreFoundHoweverTheyAreWritten) {
  const char* text =
      "#  include \"tools/a.h\"\n#include <tools/a.h>\n#include \"../tools/a.h\"\n"
      "#include \"tests/a.h\"\n  #include \"tools/a.h\"  // why\n";
  EXPECT_EQ(Places(IncludesThatRunUp({{"core/a.cu", text}})),
            (Strings{"core/a.cu:1", "core/a.cu:2", "core/a.cu:3", "core/a.cu:4", "core/a.cu:5"}));
}

TEST(IncludesThatRunUp, AreAllThoseOfAFolderWithoutARule) {
  EXPECT_EQ(Places(IncludesThatRunUp({{"attic/a.h", "#include \"core/error.h\""}})),
            Strings{"attic/a.h:1"});
}

TEST(IncludesThatRunUp, AreNotThoseThatRunDown) {
  const Tree tree = {
      {"core/recipe/a.h", "#include \"core/error.h\"\n#include \"core/recipe/b.h\""},
      {"core/data/a.h", "#include \"core/recipe/settings.h\"\n#include \"core/error.h\""},
      {"kernels/a.h", "#include \"core/recipe/moe_settings.h\"\n#include \"core/tensor.h\""},
      {"kernels/cpu/a.cpp", "#include \"core/check.h\"\n#include \"kernels/backend.h\""},
      {"results/ledger/a.cpp", "#include \"core/journal.h\"\n#include <vector>"},
      {"experiments/study/a.cpp", "#include \"experiments/run/b.h\"\n#include \"results/b.h\""},
      {"tools/study/a.cpp", "#include \"experiments/study/plan.h\"\n#include <hwy/highway.h>"},
      {"tests/core/a.cpp", "#include \"tests/b.h\"\n#include \"experiments/run/b.h\""},
      {"core/b.h", "// #include \"tools/a.h\"\nconst char* kText = \"tools/a.h\";"},
      {"README.md", "#include \"tools/a.h\""},
  };
  EXPECT_EQ(Places(IncludesThatRunUp(tree)), kNowhere);
}

TEST(HeadersWithoutPragmaOnce, AreFound) {
  const Tree tree = {{"core/a.h", "// #pragma once\nint a;\n"},
                     {"core/b.h", "// What it is.\n#pragma once\n"},
                     {"core/c.cuh", "int c;\n"},
                     {"kernels/cpu/v-inl.h", "#if defined(A) == defined(HWY_TARGET_TOGGLE)\n"},
                     {"core/d.cpp", "int d;\n"}};
  EXPECT_EQ(Places(HeadersWithoutPragmaOnce(tree)), (Strings{"core/a.h:0", "core/c.cuh:0"}));
}

TEST(HeadersThatIncludeFmt, AreFound) {
  const Tree tree = {{"core/a.h", "#pragma once\n#include <fmt/format.h>\n"},
                     {"kernels/cuda/b.cu", "#include <fmt/core.h>\n"},
                     {"core/c.cpp", "#include <fmt/format.h>\n"}};
  EXPECT_EQ(Places(HeadersThatIncludeFmt(tree)), (Strings{"core/a.h:2", "kernels/cuda/b.cu:1"}));
}

std::string Repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

TEST(LongFiles, BeginOneLineBehindTheLimit) {
  const Tree tree = {{"core/a.cpp", Repeated("\n", kLongestFile)},
                     {"core/b.cpp", Repeated("\n", kLongestFile + 1)},
                     {"tools/run", Repeated("\n", kLongestFile + 1)},
                     {"README.md", Repeated("\n", kLongestFile + 1)}};
  EXPECT_EQ(Places(LongFiles(tree)), (Strings{"core/b.cpp:0", "tools/run:0"}));
}

TEST(LongLines, AreCountedInCharactersAndNotInBytes) {
  const std::string dots = Repeated("\u00b7", kLongestLine);
  const Tree tree = {{"core/a.h", "//\n" + dots + "\n" + dots + "x\n"},
                     {"CMakeLists.txt", Repeated("x", kLongestLine + 1)},
                     {"README.md", Repeated("x", kLongestLine + 1)}};
  EXPECT_EQ(Places(LongLines(tree)), (Strings{"core/a.h:3", "CMakeLists.txt:1"}));
}

// A body of `lines` lines between `head {` and `}`, which are two more.
std::string Function(std::string_view head, size_t lines) {
  return std::string(head) + " {\n" + Repeated("  if (x) { y(); }\n", lines) + "}\n";
}

TEST(LongFunctions, BeginOneLineBehindTheLimit) {
  EXPECT_EQ(Places(LongFunctions({{"a.cpp", Function("int F(int x)", kLongestFunction - 2)}})),
            kNowhere);
  EXPECT_EQ(Places(LongFunctions({{"a.cpp", Function("int F(int x)", kLongestFunction - 1)}})),
            Strings{"a.cpp:1"});
}

TEST(LongFunctions, AreFoundUnderEveryKindOfHead) {
  for (const char* head :
       {"int F(int x)", "TEST(Suite, Name)", "auto F(X x = {}) -> int", "Class::~Class() noexcept",
        "template <typename T, typename U = X<T>> void F(T t)", "Class::Class() : a_{1}, b_(2)",
        "Class::Class() : Base{1, {2}}, a_{F({3})}", "bool operator==(const A& a, const B& b)",
        "const auto kF = [](int x)", "requires(N >= 2) int F()", "static struct X* F()",
        "public: int F() const"}) {
    EXPECT_EQ(LongFunctions({{"a.cpp", Function(head, kLongestFunction)}}).size(), 1u) << head;
  }
}

TEST(LongFunctions, AreFoundInsideNamespacesAndClassesAtTheirFirstLine) {
  const std::string text = "namespace a {\n\n// Why.\nclass B final : public C<D()> {\n public:\n" +
                           Function("  int E()", 3) + Function("  int F()", kLongestFunction) +
                           "};\n}  // namespace a\n";
  EXPECT_EQ(Places(LongFunctions({{"a.h", text}})), Strings{"a.h:11"});
}

TEST(LongFunctions, AreNotTablesTypesAndNamespaces) {
  for (const char* head :
       {"const Case kCases[] =", "namespace a", "class B : public C", "enum class E : int",
        "struct alignas(64) S", "extern \"C\"", "template <typename T> struct S"}) {
    const std::string text =
        std::string(head) + " {\n" + Repeated("  int a = b(1);\n", kLongestFunction) + "};\n";
    EXPECT_EQ(Places(LongFunctions({{"a.cpp", text}})), kNowhere) << head;
  }
}

TEST(LongFunctions, AreNotFooledByBracesInTextCommentsAndMacros) {
  const std::string text =
      "#define OPEN(x) \\\n  do { x\nconst char* a = \"{\"; char b = '{'; // {\n/* { */ int c = "
      "1'000;\nconst char* d = R\"x({ \" )\" {)x\";\n" +
      Function("int F()", 3) + Function("int G()", 3);
  EXPECT_EQ(Places(LongFunctions({{"a.cpp", text}})), kNowhere);
}

TEST(LongFunctions, MayBeLongerAsKernels) {
  const std::string head = "template <int N>\n__global__ void K(float* x)";
  EXPECT_EQ(Places(LongFunctions({{"a.cu", Function(head, kLongestKernel - 3)}})), kNowhere);
  EXPECT_EQ(Places(LongFunctions({{"a.cu", Function(head, kLongestKernel - 2)}})),
            Strings{"a.cu:1"});
}

TEST(LongFunctions, CannotHideBehindBracesThatDoNotPair) {
  EXPECT_EQ(Places(LongFunctions({{"a.cpp", "int F() {\n"}})), Strings{"a.cpp:0"});
  EXPECT_EQ(Places(LongFunctions({{"a.cpp", "namespace a {\nint F() {}\n"}})), Strings{"a.cpp:0"});
}

// These words may not stand whole in this file either.
const std::string kLater = std::string("TO") + "DO";

TEST(UnfinishedWork, IsFoundInEveryKindOfFile) {
  const std::string fix = std::string("FIX") + "ME", crosses = std::string("XX") + "X";
  const Tree tree = {{"core/a.h", "int a;  // " + kLater + ": more\n"},
                     {"README.md", "\n" + fix + "\n"},
                     {"tools/test", "# " + crosses + "\nmktemp /tmp/" + crosses + crosses + "\n"},
                     {"core/b.h", "int " + kLater + "s;\n"}};
  EXPECT_EQ(Places(UnfinishedWork(tree)), (Strings{"core/a.h:1", "README.md:2", "tools/test:1"}));
}

TEST(NamespacesOpenedInHeaders, AreFound) {
  const Tree tree = {
      {"core/a.h", "using namespace std;\nusing std::string;\n"},
      {"core/b.h", "// not: using namespace std;\nnamespace fs = std::filesystem;\n"},
      {"core/c.cpp", "using namespace std;\n"}};
  EXPECT_EQ(Places(NamespacesOpenedInHeaders(tree)), Strings{"core/a.h:1"});
}

TEST(CallsOfAssert, AreFound) {
  const char* text =
      "assert(a);\nstatic_assert(b);\nASSERT_EQ(c, d);\nint e;  // assert(f)\n assert (g);";
  EXPECT_EQ(Places(CallsOfAssert({{"core/a.cpp", text}})),
            (Strings{"core/a.cpp:1", "core/a.cpp:5"}));
}

TEST(CallsThatEndTheProcess, AreFoundBelowTools) {
  const char* text = "std::exit(1);\n_exit(1);\nabort();\nint exit_code(int);\nquick_exit(2);\n";
  EXPECT_EQ(Places(CallsThatEndTheProcess({{"results/a.cpp", text}, {"tools/b.cpp", text}})),
            (Strings{"results/a.cpp:1", "results/a.cpp:3", "results/a.cpp:5"}));
}

TEST(SystemEntropy, IsFound) {
  const std::string device = std::string("/dev/") + "urandom";
  const std::string text = "std::random_device d;\nsrand(1);\nint x = rand ();\nint brand(int);\n" +
                           std::string("open(\"") + device + "\");\n";
  EXPECT_EQ(Places(SystemEntropy({{"tests/core/a.cpp", text}})),
            (Strings{"tests/core/a.cpp:1", "tests/core/a.cpp:2", "tests/core/a.cpp:3",
                     "tests/core/a.cpp:5"}));
}

TEST(PathsOfOneMachine, AreFound) {
  const std::string path = std::string("/wo") + "rk/data";
  EXPECT_EQ(Places(PathsOfOneMachine({{"README.md", "see " + path}, {"a.md", "see work/data"}})),
            Strings{"README.md:1"});
}

TEST(TabsAndTrailingSpace, AreFound) {
  EXPECT_EQ(Places(TabsAndTrailingSpace({{"README.md", "a\n\tb\nc \nd\r\n\n"}})),
            (Strings{"README.md:2", "README.md:3", "README.md:4"}));
  EXPECT_EQ(Places(TabsAndTrailingSpace({{"recipes/books/table.csv", "a,b\r\n"}})), kNowhere);
}

TEST(UnknownTopLevelNames, AreFound) {
  const Tree tree = {{"src/a.cpp", ""}, {"core/a.cpp", ""},    {"README.md", ""},
                     {"notes.md", ""},  {".ci/run", ""},       {".gitignore", ""},
                     {"src/b.cpp", ""}, {"CMakeLists.txt", ""}};
  EXPECT_EQ(Places(UnknownTopLevelNames(tree)), (Strings{"notes.md:0", "src:0"}));
}

TEST(TestsThatMirrorNothing, AreFound) {
  const Tree tree = {
      {"core/data/a.cpp", ""},       {"tests/core/a_test.cpp", ""}, {"tests/core/data/b.cpp", ""},
      {"tests/core/dta/c.cpp", ""},  {"tests/utility/d.cpp", ""},   {"tests/style/e.cpp", ""},
      {"tests/golden/f/g.json", ""}, {"tests/golden2/h.cpp", ""},   {"tests/CMakeLists.txt", ""}};
  EXPECT_EQ(Places(TestsThatMirrorNothing(tree)),
            (Strings{"tests/core/dta:0", "tests/golden2:0", "tests/utility:0"}));
}

TEST(RecipesThatAreNotYaml, AreFound) {
  const Tree tree = {{"recipes/base/lab.yaml", ""},
                     {"recipes/books.md", ""},
                     {"recipes/a.yml", ""},
                     {"recipes/plot.py", ""},
                     {"recipes/books/README.md", "<!-- upcycle publish books -->"},
                     {"recipes/books/table.csv", ""},
                     {"recipes/papers/README.md", "Papers."},
                     {"recipes/papers/table.csv", ""},
                     {"core/a.cpp", ""}};
  EXPECT_EQ(Places(RecipesThatAreNotYaml(tree)),
            (Strings{"recipes/a.yml:0", "recipes/plot.py:0", "recipes/papers/table.csv:0"}));
}

TEST(Violation, IsShownAsCompilersShowErrors) {
  EXPECT_EQ(ToString({"core/a.h", 7, "a tab"}), "core/a.h:7: a tab");
  EXPECT_EQ(ToString({"core/a.h", 0, "too long"}), "core/a.h: too long");
}

TEST(SourceFile, HasNoLinesWhereItIsNotText) {
  using namespace std::string_literals;
  EXPECT_EQ(Places(TabsAndTrailingSpace({{"a.bin", "\t\0\n"s}, {"a.txt", "\t\n"}})),
            Strings{"a.txt:1"});
}

TEST(BlankCommentsAndLiterals, KeepsEveryLineAndColumn) {
  EXPECT_EQ(BlankCommentsAndLiterals("a = \"b\\\"c\"; // d\n/* e\nf */ g('\\'');\n"),
            "a = \"    \";     \n    \n     g('  ');\n");
  EXPECT_EQ(BlankCommentsAndLiterals("x = R\"(a \" // b)\"; y"), "x =              ; y");
}

}  // namespace
}  // namespace upcycle::style
