// Which values of a metric are the better ones.
#pragma once

#include "core/enum_names.h"

namespace upcycle {

enum class Preference { kLower, kHigher };
template <>
struct EnumNames<Preference> {
  static constexpr EnumName<Preference> values[] = {
      {Preference::kLower, "minimize", "lower is better"},
      {Preference::kHigher, "maximize", "higher is better"},
  };
};

}  // namespace upcycle
