// The rules of the tree that a program can check. Each takes the tree and says what breaks it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/style/source_file.h"

namespace upcycle::style {

struct Violation {
  std::string path;
  size_t line;  // from 1; 0 for the whole file
  std::string what;
  bool operator==(const Violation&) const = default;
};

using Violations = std::vector<Violation>;

// "path:line: what", as compilers write it.
std::string ToString(const Violation& violation);

// Whether `word` stands in `text` as an identifier of its own.
bool HasWord(std::string_view text, std::string_view word);

// Whether `text` calls a function of this name.
bool HasCall(std::string_view text, std::string_view name);

// The name between the quotes or brackets of an #include line, or nothing for any other line.
std::string IncludedName(const SourceFile& file, size_t line);

// include_rules.cpp: which folder may include which, and what headers may not include.
Violations IncludesThatRunUp(const Tree& tree);
Violations HeadersWithoutPragmaOnce(const Tree& tree);
Violations HeadersThatIncludeFmt(const Tree& tree);

// length_rules.cpp
inline constexpr size_t kLongestFile = 400;
inline constexpr size_t kLongestLine = 100;  // columns
inline constexpr size_t kLongestFunction = 70;
inline constexpr size_t kLongestKernel = 120;  // CUDA
Violations LongFiles(const Tree& tree);
Violations LongLines(const Tree& tree);
Violations LongFunctions(const Tree& tree);

// word_rules.cpp: words that have no place in code, or in one part of it.
Violations UnfinishedWork(const Tree& tree);
Violations NamespacesOpenedInHeaders(const Tree& tree);
Violations CallsOfAssert(const Tree& tree);
Violations CallsThatEndTheProcess(const Tree& tree);
Violations SystemEntropy(const Tree& tree);
Violations PathsOfOneMachine(const Tree& tree);
Violations TabsAndTrailingSpace(const Tree& tree);

// tree_rules.cpp: what lies where.
Violations UnknownTopLevelNames(const Tree& tree);
Violations TestsThatMirrorNothing(const Tree& tree);
Violations RecipesThatAreNotYaml(const Tree& tree);

}  // namespace upcycle::style
