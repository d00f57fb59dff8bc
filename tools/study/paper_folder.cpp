#include "tools/study/paper_folder.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/claims/paper.h"
#include "core/error.h"
#include "core/files.h"
#include "core/spelling.h"

namespace upcycle {
namespace {

bool HasClaims(const fs::path& folder) {
  std::error_code none;
  return fs::is_regular_file(folder / kClaimsFileName, none);
}

std::vector<std::string> PapersIn(const fs::path& library) {
  std::vector<std::string> names;
  std::error_code none;
  for (fs::directory_iterator entry(library, none), end; !none && entry != end;
       entry.increment(none)) {
    if (HasClaims(entry->path())) names.push_back(entry->path().filename().native());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

fs::path FindPaper(const std::string& name) {
  const fs::path place = fs::path("recipes") / "papers";
  std::error_code none;
  const fs::path program = fs::read_symlink("/proc/self/exe", none);
  const fs::path beside = program.parent_path().parent_path() / place;
  const bool is_path = name.find('/') != name.npos || name == "." || name == "..";
  if (is_path || HasClaims(name)) {
    if (HasClaims(name)) return name;
    throw Error(Cause::kInput,
                fmt::format("there is no {} in {}: a paper's folder has one, beside its recipes",
                            kClaimsFileName, name));
  }
  for (const fs::path& library : {place, beside}) {
    if (!name.empty() && HasClaims(library / name)) return library / name;
  }
  std::vector<std::string> known = PapersIn(place);
  for (std::string& other : PapersIn(beside)) {
    if (std::find(known.begin(), known.end(), other) == known.end()) known.push_back(other);
  }
  throw Error(Cause::kInput,
              fmt::format("there is no paper \"{}\" in {} or {}{} {}", name, place.native(),
                          beside.native(), DidYouMean(name, known),
                          known.empty() ? "A folder with its claims and recipes can be named as a "
                                          "path"
                                        : fmt::format("There are {}", fmt::join(known, ", "))));
}

}  // namespace upcycle
