// What is scored in a multiple-choice question of a recipe's own source.
#pragma once

#include "core/enum_names.h"

namespace upcycle {

enum class ChoiceStyle { kCloze, kLetter };
template <>
struct EnumNames<ChoiceStyle> {
  static constexpr EnumName<ChoiceStyle> values[] = {
      {ChoiceStyle::kCloze, "cloze", "the likelihood of each answer's text after the question"},
      {ChoiceStyle::kLetter, "letter",
       "the likelihood of A, B, C or D after question and choices (MMLU)"},
  };
};

}  // namespace upcycle
