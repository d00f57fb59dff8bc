#include "core/data/glob.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fnmatch.h>

#include "core/error.h"

namespace upcycle {
namespace {

constexpr std::string_view kAnyFolders = "**";

bool HasWildcard(const std::string& part) { return part.find_first_of("*?[") != std::string::npos; }

// What lies in a folder. A folder that is gone, or is no folder, holds nothing.
std::vector<fs::directory_entry> EntriesOf(const fs::path& folder) {
  const fs::path place = folder.empty() ? fs::path(".") : folder;
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  fs::directory_iterator next(place, error);
  for (; !error && next != fs::directory_iterator(); next.increment(error)) {
    entries.push_back(*next);
  }
  if (error && error != std::errc::no_such_file_or_directory &&
      error != std::errc::not_a_directory) {
    throw SystemError("read the folder", place.native(), error.value());
  }
  return entries;
}

class Expansion {
 public:
  explicit Expansion(const fs::path& pattern) {
    for (const fs::path& part : pattern.relative_path()) parts_.push_back(part.native());
    Walk(pattern.root_path(), 0);
  }

  std::vector<fs::path> files() const { return {files_.begin(), files_.end()}; }

 private:
  void Walk(const fs::path& at, size_t part) {
    if (part == parts_.size()) {
      std::error_code ignored;  // what cannot be looked at is no file
      if (fs::is_regular_file(at, ignored)) files_.insert(at);
    } else if (parts_[part] == kAnyFolders) {
      Walk(at, part + 1);
      for (const auto& entry : EntriesOf(at)) {
        const bool hidden = entry.path().filename().native().starts_with('.');
        if (!hidden && entry.is_directory() && !entry.is_symlink()) {
          Walk(at / entry.path().filename(), part);
        }
      }
    } else if (HasWildcard(parts_[part])) {
      for (const auto& entry : EntriesOf(at)) {
        const fs::path name = entry.path().filename();
        if (::fnmatch(parts_[part].c_str(), name.c_str(), FNM_PERIOD) == 0) {
          Walk(at / name, part + 1);
        }
      }
    } else {
      Walk(at / parts_[part], part + 1);
    }
  }

  std::vector<std::string> parts_;
  std::set<fs::path> files_;
};

std::string TakesNothingAway(const std::string& pattern) {
  return fmt::format(
      "the pattern \"{}\" takes no file away: it must stand behind a pattern that "
      "names the file, and spell the path in the same way",
      pattern);
}

std::string MatchesNothing(const std::string& pattern) {
  std::error_code ignored;
  if (fs::is_directory(pattern, ignored)) {
    return fmt::format("{} is a folder; its text files are {}", pattern,
                       (fs::path(pattern) / "*.txt").native());
  }
  const bool relative = fs::path(pattern).is_relative();
  return fmt::format("no file matches \"{}\"{}; check the path", pattern,
                     relative ? " in " + fs::current_path().native() : std::string());
}

}  // namespace

std::vector<fs::path> ExpandGlob(const std::string& pattern) {
  std::error_code ignored;  // then it is a pattern after all
  if (fs::is_regular_file(pattern, ignored)) return {pattern};
  return Expansion(pattern).files();
}

std::vector<fs::path> ExpandGlobs(const std::vector<std::string>& patterns,
                                  std::vector<GlobMistake>& mistakes) {
  std::vector<fs::path> files;
  std::set<fs::path> members;
  bool all_match = true;  // else a pattern that takes nothing away may do so for want of them
  for (size_t i = 0; i < patterns.size(); ++i) {
    const bool takes_away = patterns[i].starts_with('!');
    std::vector<fs::path> named;
    try {
      named = ExpandGlob(takes_away ? patterns[i].substr(1) : patterns[i]);
    } catch (const Error& error) {
      mistakes.push_back({i, error.what()});
      all_match = false;
      continue;
    }
    bool changed = false;
    for (const fs::path& file : named) {
      const fs::path path = file.lexically_normal();
      if (takes_away) {
        changed |= members.erase(path) > 0;
      } else if (members.insert(path).second) {
        files.push_back(path);
      }
    }
    if (!takes_away && named.empty()) {
      mistakes.push_back({i, MatchesNothing(patterns[i])});
      all_match = false;
    }
    if (takes_away && !changed && all_match) {
      mistakes.push_back({i, TakesNothingAway(patterns[i])});
    }
    if (takes_away) {
      std::erase_if(files, [&](const fs::path& path) { return !members.contains(path); });
    }
  }
  return files;
}

std::vector<fs::path> ExpandGlobs(const std::vector<std::string>& patterns) {
  std::vector<GlobMistake> mistakes;
  std::vector<fs::path> files = ExpandGlobs(patterns, mistakes);
  if (!mistakes.empty()) throw Error(Cause::kInput, mistakes.front().message);
  return files;
}

}  // namespace upcycle
