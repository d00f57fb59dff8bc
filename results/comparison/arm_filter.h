// Which arms a table shows. A condition is
//
//   PATH = VALUE    PATH != VALUE    PATH < VALUE    PATH <= VALUE    PATH > VALUE    PATH >= VALUE
//   PATH ~ TEXT     PATH !~ TEXT     contains the text, or does not
//
// with the path of a setting, or `arm` for the arm's name; blanks around the sign do not count.
// Numbers are compared as numbers, so that 0.10 is 0.1. An arm that has no such setting meets none
// but != and !~.
#pragma once

#include <string>
#include <string_view>

#include "results/comparison/arm_settings.h"

namespace upcycle {

struct ArmCondition {
  enum class Sign { kIs, kIsNot, kLess, kAtMost, kMore, kAtLeast, kHas, kHasNot };

  std::string path;
  Sign sign = Sign::kIs;
  std::string value;
};

// Throws Error(kInput) for what is none.
ArmCondition ParseCondition(std::string_view text);

bool Meets(const ArmCondition& condition, const std::string& arm, const SettingTexts& settings);

}  // namespace upcycle
