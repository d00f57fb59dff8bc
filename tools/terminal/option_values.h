// What options say, as values.
#pragma once

#include <string>

#include "core/enum_names.h"
#include "core/error.h"

namespace upcycle {

// Throws Error(kInput), with the names that there are, for any other.
template <NamedEnum E>
E ValueOf(const char* option, const std::string& name) {
  if (const auto value = ValueNamed<E>(name)) return *value;
  std::string expected;
  for (const auto& entry : EnumNames<E>::values) {
    if (!expected.empty()) expected += " or ";
    expected += entry.name;
  }
  throw Error(Cause::kInput, "--" + std::string(option) + " " + name + ": expected " + expected);
}

}  // namespace upcycle
