// Counted things in a sentence.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace upcycle {

// "1 thread", "2 threads", "0 threads"; `nouns` where the plural is not the noun and an s.
template <std::integral Count>
std::string Plural(Count count, std::string_view noun, std::string_view nouns = {}) {
  std::string text = std::to_string(count) + " ";
  if (count == 1) return text.append(noun);
  return nouns.empty() ? text.append(noun).append("s") : text.append(nouns);
}

}  // namespace upcycle
