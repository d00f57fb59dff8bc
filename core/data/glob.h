// File name patterns as shells have them.
#pragma once

#include <string>
#include <vector>

#include "core/files.h"

namespace upcycle {

// The regular files that a pattern names, sorted by path. `*`, `?` and `[...]` match within one
// part of a path, and only an explicit dot matches a leading one; a part that is `**` matches any
// number of folders, those behind symbolic links left out. A pattern that is itself the name of a
// file is that file. Throws Error where a folder cannot be read.
std::vector<fs::path> ExpandGlob(const std::string& pattern);

// A pattern, by its place among several, and what is wrong with it.
struct GlobMistake {
  size_t pattern = 0;
  std::string message;
};

// The files of several patterns, sorted within a pattern and each once, in the order of its first
// mention. `!pattern` takes away what earlier patterns gave. A pattern that matches, or takes away,
// nothing is a mistake.
std::vector<fs::path> ExpandGlobs(const std::vector<std::string>& patterns,
                                  std::vector<GlobMistake>& mistakes);

// Throws Error(kInput) with the first mistake.
std::vector<fs::path> ExpandGlobs(const std::vector<std::string>& patterns);

}  // namespace upcycle
