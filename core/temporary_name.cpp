#include "core/temporary_name.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "core/error.h"

namespace upcycle {
namespace {

bool IsRunning(int process) { return ::kill(process, 0) == 0 || errno != ESRCH; }

// The process that made `name` for a target of the name `target`, or under a temporary name for
// that; 0 for any other name.
int ProcessOf(std::string_view name, std::string_view target) {
  if (!name.ends_with(kTemporaryEnding)) return 0;
  name.remove_suffix(kTemporaryEnding.size());
  const size_t dot = name.rfind('.');
  if (dot == name.npos) return 0;
  const char* end = name.data() + name.size();
  int process = 0;
  const auto [stop, error] = std::from_chars(name.data() + dot + 1, end, process);
  if (stop != end || error != std::errc() || process <= 0) return 0;
  const std::string_view made_for = name.substr(0, dot);
  return made_for == target || ProcessOf(made_for, target) > 0 ? process : 0;
}

}  // namespace

fs::path TemporaryName(const fs::path& target) {
  return fmt::format("{}.{}{}", target.native(), ::getpid(), kTemporaryEnding);
}

std::vector<fs::path> LeftoversOf(const fs::path& target) {
  std::vector<fs::path> leftovers;
  std::error_code error;
  for (fs::directory_iterator entry(FolderOf(target), error), end; !error && entry != end;
       entry.increment(error)) {
    const int process = ProcessOf(entry->path().filename().native(), target.filename().native());
    if (process == 0 || (process != ::getpid() && IsRunning(process))) continue;
    leftovers.push_back(entry->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw SystemError("read the folder", FolderOf(target).native(), error.value());
  }
  return leftovers;
}

fs::path NumberedName(const fs::path& path, std::string_view word) {
  for (int number = 1;; ++number) {
    const fs::path name = fmt::format("{}.{}-{}", path.native(), word, number);
    if (!fs::exists(name)) return name;
  }
}

}  // namespace upcycle
