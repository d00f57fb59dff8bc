#pragma once

#include <filesystem>
#include <string_view>

namespace upcycle {

// Writes what a command was asked to put into a file. A file, or what a link to one leads to, is
// replaced as a whole; a pipe or a device is written to and stays what it is, and so does what
// standard output goes to already. Throws Error as SystemError says.
void WriteOutputFile(const std::filesystem::path& path, std::string_view text);

// Throws Error(kInput) where that could never succeed, as there is no folder for it: for commands
// that take long before they write.
void RequireOutputFolder(const std::filesystem::path& path);

}  // namespace upcycle
