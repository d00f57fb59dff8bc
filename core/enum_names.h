// The words of an enum, in the order in which help shows them. Specialise it beside the enum:
//   template <> struct EnumNames<Family> {
//     static constexpr EnumName<Family> values[] = {{Family::kLlama, "llama", "RMSNorm, SwiGLU"},
//     …};
//   };
#pragma once

#include <optional>
#include <string_view>

namespace upcycle {

template <typename E>
struct EnumName {
  E value;
  std::string_view name;
  std::string_view help;
};
template <typename E>
struct EnumNames;

template <typename E>
concept NamedEnum = requires {
  EnumNames<E>::values;
};

template <NamedEnum E>
std::string_view NameOf(E value) {
  for (const auto& entry : EnumNames<E>::values) {
    if (entry.value == value) return entry.name;
  }
  return "?";
}

// The inverse of NameOf; empty for any other name.
template <NamedEnum E>
std::optional<E> ValueNamed(std::string_view name) {
  for (const auto& entry : EnumNames<E>::values) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

}  // namespace upcycle
