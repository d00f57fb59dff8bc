#include "kernels/cuda/shared_library.h"

#include <filesystem>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <link.h>

#include "core/error.h"

namespace upcycle {
namespace {

namespace fs = std::filesystem;

// An empty folder is everywhere that the system's loader looks.
std::vector<std::string> Folders() {
  std::vector<std::string> folders = {""};
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) folders.push_back((program.parent_path().parent_path() / "lib").native());
  folders.emplace_back("/usr/local/cuda/lib64");
  return folders;
}

std::string FileOf(void* handle) {
  const link_map* map = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) return "";
  return map->l_name;
}

}  // namespace

SharedLibrary::SharedLibrary(std::string name) : name_(std::move(name)) {
  std::vector<std::string> complaints;
  for (const std::string& folder : Folders()) {
    const std::string file = folder.empty() ? name_ : folder + "/" + name_;
    handle_ = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) {
      path_ = FileOf(handle_);
      return;
    }
    // A file that is there and does not load says why here.
    complaints.emplace_back(::dlerror());
  }
  problem_ = fmt::format("{} was not found: {}", name_, fmt::join(complaints, "; "));
}

void* SharedLibrary::Address(const char* function) const {
  if (!loaded()) throw Error(Cause::kDevice, problem_);
  void* const address = ::dlsym(handle_, function);
  if (address == nullptr) {
    throw Error(Cause::kDevice, fmt::format("{} has no {}: it is of another version than this "
                                            "program was built for",
                                            path_, function));
  }
  return address;
}

std::string AdviceToGet(const std::string& package) {
  return fmt::format(
      "install {}, or add the folder that has it to LD_LIBRARY_PATH before the program starts",
      package);
}

}  // namespace upcycle
