// What options say, as values.
#pragma once

#include <string>
#include <vector>

#include "core/enum_names.h"
#include "core/error.h"
#include "core/spelling.h"

namespace upcycle {

// Throws Error(kInput), with the names that there are, for any other.
template <NamedEnum E>
E ValueOf(const char* option, const std::string& name) {
  if (const auto value = ValueNamed<E>(name)) return *value;
  std::vector<std::string> names;
  std::string expected;
  for (const auto& entry : EnumNames<E>::values) {
    expected += names.empty() ? "" : " or ";
    expected += names.emplace_back(entry.name);
  }
  throw Error(Cause::kInput, "--" + std::string(option) + " " + name + ": expected " + expected +
                                 DidYouMean(name, names));
}

}  // namespace upcycle
