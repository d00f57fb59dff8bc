// Values by texts, which may be looked up without making a string of them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace upcycle {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

template <typename Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

}  // namespace upcycle
