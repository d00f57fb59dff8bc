#include "results/comparison/arm_filter.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

using Sign = ArmCondition::Sign;

// The longer signs first.
constexpr std::pair<std::string_view, Sign> kSigns[] = {
    {"!=", Sign::kIsNot}, {"!~", Sign::kHasNot}, {"<=", Sign::kAtMost}, {">=", Sign::kAtLeast},
    {"=", Sign::kIs},     {"<", Sign::kLess},    {">", Sign::kMore},    {"~", Sign::kHas},
};

bool NeedsNumbers(Sign sign) {
  return sign == Sign::kLess || sign == Sign::kAtMost || sign == Sign::kMore ||
         sign == Sign::kAtLeast;
}

bool IsOrdered(Sign sign, double a, double b) {
  switch (sign) {
    case Sign::kLess:
      return a < b;
    case Sign::kAtMost:
      return a <= b;
    case Sign::kMore:
      return a > b;
    default:
      return a >= b;
  }
}

bool IsEqual(const std::string& a, const std::string& b) {
  const auto first = NumberIn(a), second = NumberIn(b);
  return first && second ? *first == *second : a == b;
}

[[noreturn]] void Refuse(std::string_view text, std::string_view why) {
  throw Error(Cause::kInput,
              fmt::format("--where '{}': {}; write a setting or `arm`, one of = != < <= > >= ~ !~, "
                          "and a value, as in --where moe.top_k=2 or --where 'arm~copies'",
                          text, why));
}

}  // namespace

ArmCondition ParseCondition(std::string_view text) {
  const size_t at = text.find_first_of("=!<>~");
  if (at == text.npos) Refuse(text, "it has no sign");
  for (const auto& [written, sign] : kSigns) {
    if (!text.substr(at).starts_with(written)) continue;
    const ArmCondition condition = {std::string(TrimmedText(text.substr(0, at))), sign,
                                    std::string(TrimmedText(text.substr(at + written.size())))};
    if (condition.path.empty()) Refuse(text, "nothing stands before the sign");
    if (NeedsNumbers(sign) && !NumberIn(condition.value)) {
      Refuse(text, fmt::format("{} compares numbers", written));
    }
    return condition;
  }
  Refuse(text, "it has no sign");
}

bool Meets(const ArmCondition& condition, const std::string& arm, const SettingTexts& settings) {
  const bool denies = condition.sign == Sign::kIsNot || condition.sign == Sign::kHasNot;
  std::string value = arm;
  if (condition.path != "arm") {
    const auto found = settings.find(condition.path);
    if (found == settings.end()) return denies;
    value = found->second;
  }
  switch (condition.sign) {
    case Sign::kIs:
    case Sign::kIsNot:
      return IsEqual(value, condition.value) != denies;
    case Sign::kHas:
    case Sign::kHasNot:
      return (value.find(condition.value) != value.npos) != denies;
    default: {
      const auto number = NumberIn(value);
      return number && IsOrdered(condition.sign, *number, *NumberIn(condition.value));
    }
  }
}

}  // namespace upcycle
