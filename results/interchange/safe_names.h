// Names that people chose, as files and keys of programs that take fewer characters than we do.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace upcycle {

enum class SafeNameKind {
  kFolder,  // one component of a path
  kKey,     // a path below a folder: slashes stay, and no key is a folder of another
};

// One for each, in their order, all different: letters, digits and `_ - . , + =` of ASCII stay,
// anything else becomes `_`. A name that cannot stay as it is ends in 12 digits of its fingerprint,
// so that it is the same in every export; no name is longer than 200 bytes or hidden.
std::vector<std::string> SafeNames(std::span<const std::string> names, SafeNameKind kind);

}  // namespace upcycle
