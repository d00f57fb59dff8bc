// The tree as the style rules see it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle::style {

// One file. `code` is `lines` with comments and the insides of literals blanked, so that a word in
// it is a word of the program; in files that are not C++ or CUDA it equals `lines`. A file with a
// zero byte is not text and has no lines.
struct SourceFile {
  SourceFile(std::string file_path, std::string_view text);

  bool IsHeader() const { return HasExtension(".h") || HasExtension(".cuh"); }
  bool IsCpp() const { return IsHeader() || HasExtension(".cpp") || HasExtension(".cu"); }
  bool IsScript() const;  // shell and CMake
  bool HasExtension(std::string_view extension) const { return path.ends_with(extension); }
  bool IsIn(std::string_view folder) const;  // "core/data": there or in a folder below it

  std::string path;  // from the top of the tree, with slashes
  std::vector<std::string> lines;
  std::vector<std::string> code;
};

using Tree = std::vector<SourceFile>;

// The files under `top` that belong to it: those that git tracks; outside a git checkout, all but
// build and run folders.
Tree ReadTree(const std::filesystem::path& top);

// `text` with comments and the insides of literals replaced by spaces, line breaks kept.
std::string BlankCommentsAndLiterals(std::string_view text);

}  // namespace upcycle::style
