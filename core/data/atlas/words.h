// The words of made-up worlds: pools of ordinary words that facts choose from, and names composed
// of syllables.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle::atlas {

// Pools of common words. Entries of a pool are distinct and none contains another as its beginning.
enum class Pool {
  kProfessions,    // "weaver"
  kFoods,          // "barley soup"
  kAnimals,        // "goose"
  kInstruments,    // "fiddle"
  kColours,        // "crimson"
  kFears,          // "thunder"
  kPastimes,       // "carving spoons"
  kHouseEpithets,  // "Copper", as in the Copper Lantern
  kHouseThings,    // "Lantern"
  kBookEpithets,   // "Silent", as in The Silent Orchard
  kBookThings,     // "Orchard"
  kMaterials,      // "silver", as in a silver compass
  kHeirlooms,      // "compass"
  kGoods,          // "blue glass"
  kMonths,         // "January"
  kFish,           // "trout"
  kNumbers,        // "two" to "thirteen"
  kEmblems,        // "stag"
};

std::span<const std::string_view> WordsOf(Pool pool);

enum class NameKind { kWoman, kMan, kFamily, kVillage, kRiver, kRegion };

// `count` pronounceable names that differ from each other and from those in `taken`, to which they
// are added. A function of (count, kind, taken, seed). Throws Error(kInput) where the syllables do
// not suffice.
std::vector<std::string> ComposeNames(NameKind kind, int64_t count, uint64_t seed,
                                      std::set<std::string>& taken);

// "a" or "an", as the word behind it wants.
std::string_view ArticleFor(std::string_view word);

}  // namespace upcycle::atlas
