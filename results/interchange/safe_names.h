// Names that people chose, as files and keys of programs that take fewer characters than we do.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace upcycle {

enum class SafeNameKind {
  kFolder,  // one component of a path; `, + =` stay too
  kKey,     // a path below a folder: slashes stay too, and no key is a folder of another
};

// One for each, in their order, all different: ASCII's letters and digits and `_ - .` stay, and
// what the kind says; anything else becomes `_`, and so does a dot that would hide a component. A
// name that cannot stay as it is, for that, for its length or for another's sake, ends in 12 digits
// of its fingerprint, the same in every export. None is longer than 200 bytes or empty.
std::vector<std::string> SafeNames(std::span<const std::string> names, SafeNameKind kind);

}  // namespace upcycle
