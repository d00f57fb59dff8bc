// Libraries that are loaded when they are first needed: the program starts without them, and at
// once.
#pragma once

#include <string>

#include "kernels/gpus.h"

namespace upcycle {

class SharedLibrary {
 public:
  // Loads NAME, as "libcublasLt.so.13", for as long as the process lives: from where the system's
  // loader looks (LD_LIBRARY_PATH, the program's own run path, ldconfig's folders), else from
  // ../lib beside the program's folder, else from the usual folder of a CUDA toolkit.
  explicit SharedLibrary(std::string name);

  bool loaded() const { return handle_ != nullptr; }
  // What dlsym takes; null where nothing was loaded.
  void* handle() const { return handle_; }
  // The file that was loaded.
  const std::string& path() const { return path_; }
  // Where it was looked for in vain, and what the system's loader said; empty where it was found.
  const std::string& problem() const { return problem_; }

  // A function of this type. Throws Error(kDevice) where there is no such library or function.
  template <typename Function>
  Function Find(const char* function) const {
    return reinterpret_cast<Function>(Address(function));
  }

 private:
  void* Address(const char* function) const;

  std::string name_;
  void* handle_ = nullptr;
  std::string path_;
  std::string problem_;
};

// What to do about a library that is not there.
std::string AdviceToGet(const std::string& package);

}  // namespace upcycle
