#pragma once

#include <filesystem>
#include <string>

namespace upcycle {

// The folder of a paper's claims: `name` itself where it is a path to one, else recipes/papers/NAME
// under the working folder, else that beside the folder of the program's own file. Throws
// Error(kInput), naming those that there are.
std::filesystem::path FindPaper(const std::string& name);

}  // namespace upcycle
