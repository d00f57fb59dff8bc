#include "tools/terminal/output_file.h"

#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/files.h"

namespace upcycle {
namespace {

constexpr int kMostLinks = 40;  // as many as Linux follows

// Where a chain of links ends, whether anything is there or not.
fs::path EndOfLinks(fs::path path) {
  std::error_code none;
  for (int links = 0; fs::is_symlink(path, none); ++links) {
    if (links == kMostLinks) throw SystemError("write", path.native(), ELOOP);
    const fs::path target = fs::read_symlink(path, none);
    if (none) throw SystemError("read the link", path.native(), none.value());
    path = FolderOf(path) / target;  // an absolute target takes the place of the folder
  }
  return path;
}

// What the path leads to; empty: nothing is there yet.
std::optional<struct stat> Find(const fs::path& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) == 0) return found;
  if (errno == ENOENT) return std::nullopt;
  throw SystemError("write", path.native(), errno);
}

bool IsStandardOutput(const struct stat& file) {
  struct stat output = {};
  return ::fstat(STDOUT_FILENO, &output) == 0 && output.st_dev == file.st_dev &&
         output.st_ino == file.st_ino;
}

}  // namespace

void RequireOutputFolder(const fs::path& path) {
  if (Find(path)) return;
  const fs::path folder = FolderOf(EndOfLinks(path));
  std::error_code none;
  if (fs::is_directory(folder, none)) return;
  throw Error(Cause::kInput, fmt::format("{} cannot be written: there is no folder {}",
                                         path.native(), folder.native()));
}

void WriteOutputFile(const fs::path& path, std::string_view text) {
  RequireOutputFolder(path);
  const auto found = Find(path);
  if (found && IsStandardOutput(*found)) {
    WriteAll(STDOUT_FILENO, text.data(), text.size(), path);
  } else if (found && !S_ISREG(found->st_mode)) {
    const FileDescriptor file = OpenFile(path, O_WRONLY | O_NOCTTY, "write");
    WriteAll(file.get(), text.data(), text.size(), path);
  } else {
    WriteFileAtomically(EndOfLinks(path), text);
  }
}

}  // namespace upcycle
