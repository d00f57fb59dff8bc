#include "core/tokenizers/character_map.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

// A unit is a node, or the value of the node before it. A node has, from the lowest bit on: the
// byte that leads to it, whether it has a value, whether its offset is in steps of 256, the offset.
// Its children lie where its place XOR the offset XOR their byte is, and its value where a child by
// the byte 0 would be.
constexpr uint32_t kValueBit = uint32_t{1} << 31;

bool IsValue(uint32_t unit) { return (unit & kValueBit) != 0; }
bool HasValue(uint32_t unit) { return ((unit >> 8) & 1) != 0; }
// A byte, or no byte if the unit is a value.
uint32_t LabelOf(uint32_t unit) { return unit & (kValueBit | 0xFF); }
uint32_t OffsetOf(uint32_t unit) { return (unit >> 10) << ((unit & (1 << 9)) >> 6); }

[[noreturn]] void Refuse() {
  throw Error(Cause::kInput,
              "the rules by which a sentencepiece model replaces characters are damaged");
}

}  // namespace

CharacterMap::CharacterMap(std::string_view compiled) {
  if (compiled.empty()) return;
  uint32_t bytes = 0;
  if (compiled.size() < sizeof(bytes)) Refuse();
  std::memcpy(&bytes, compiled.data(), sizeof(bytes));
  compiled.remove_prefix(sizeof(bytes));
  if (bytes > compiled.size() || bytes < sizeof(uint32_t)) Refuse();
  units_.resize(bytes / sizeof(uint32_t));
  std::memcpy(units_.data(), compiled.data(), units_.size() * sizeof(uint32_t));
  texts_ = compiled.substr(bytes);
  Check();
}

CharacterMap::Node CharacterMap::Root() const { return {OffsetOf(units_[0])}; }

// No step leads out of the array, and all that comes out of it is text.
void CharacterMap::Check() const {
  if (IsValue(units_[0]) || ValidUtf8Prefix(texts_) != texts_.size()) Refuse();
  for (size_t place = 0; place < units_.size(); ++place) {
    const uint32_t unit = units_[place];
    if (IsValue(unit)) continue;
    const size_t children = place ^ OffsetOf(unit);
    if ((children | 0xFF) >= units_.size()) Refuse();
    if (!HasValue(unit)) continue;
    const uint32_t value = units_[children] & ~kValueBit;
    if (value >= texts_.size() || ContinuesCharacter(texts_[value])) Refuse();
  }
}

// Goes on to the child by `c`, if there is one.
bool CharacterMap::Step(char c, Node& node) const {
  const auto byte = static_cast<unsigned char>(c);
  const size_t place = node.children ^ byte;
  const uint32_t unit = units_[place];
  if (LabelOf(unit) != byte) return false;
  node.children = place ^ OffsetOf(unit);
  node.has_value = HasValue(unit);
  return true;
}

CharacterMap::Rule CharacterMap::LongestAt(std::string_view text) const {
  if (units_.empty()) return {};
  size_t size = 0, value = 0;
  Node node = Root();
  for (size_t i = 0; i < text.size() && Step(text[i], node); ++i) {
    if (node.has_value) size = i + 1, value = units_[node.children] & ~kValueBit;
  }
  if (size == 0) return {};
  const std::string_view replacement = std::string_view(texts_).substr(value);
  return {size, replacement.substr(0, replacement.find('\0'))};
}

bool CharacterMap::HasRulesFrom(std::string_view beginning) const {
  if (units_.empty()) return false;
  Node node = Root();
  return std::ranges::all_of(beginning, [&](char c) { return Step(c, node); });
}

}  // namespace upcycle
