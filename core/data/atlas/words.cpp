#include "core/data/atlas/words.h"

#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "core/check.h"
#include "core/error.h"
#include "core/random.h"

namespace upcycle::atlas {
namespace {

using Word = std::string_view;

constexpr auto kProfessions = std::to_array<Word>(
    {"weaver",     "miller",       "cooper",    "smith",     "baker",       "tanner",
     "potter",     "glazier",      "mason",     "carpenter", "thatcher",    "shepherd",
     "fisher",     "ferryman",     "beekeeper", "brewer",    "chandler",    "clockmaker",
     "bookbinder", "cartographer", "gardener",  "healer",    "herbalist",   "hunter",
     "innkeeper",  "jeweller",     "locksmith", "midwife",   "musician",    "notary",
     "painter",    "pedlar",       "printer",   "roofer",    "ropemaker",   "saddler",
     "scribe",     "shipwright",   "shoemaker", "soapmaker", "stonecutter", "surveyor",
     "tailor",     "teacher",      "tinsmith",  "vintner",   "wheelwright", "woodcarver"});

constexpr auto kFoods = std::to_array<Word>(
    {"barley soup",    "apple pie",     "smoked eel",     "onion tart",     "rye bread",
     "goat cheese",    "honey cake",    "lentil stew",    "plum dumplings", "roast duck",
     "pickled beets",  "walnut bread",  "pea porridge",   "baked trout",    "cherry jam",
     "mushroom broth", "salted butter", "fried perch",    "pear pudding",   "oat biscuits",
     "cabbage rolls",  "mutton pie",    "chestnut mash",  "leek soup",      "poppy cake",
     "quince jelly",   "bean stew",     "raisin buns",    "turnip cakes",   "smoked ham",
     "egg noodles",    "sour cream",    "roasted garlic", "hazelnut torte", "carrot salad",
     "millet gruel",   "fig preserve",  "spiced lamb",    "nettle soup",    "ginger snaps"});

constexpr auto kAnimals = std::to_array<Word>(
    {"goose",   "otter",  "raven",    "donkey",     "goat",   "hare",      "hedgehog", "falcon",
     "badger",  "beaver", "cat",      "magpie",     "pony",   "mule",      "owl",      "parrot",
     "peacock", "hen",    "rooster",  "salamander", "sheep",  "spaniel",   "squirrel", "starling",
     "stork",   "swan",   "tortoise", "turkey",     "weasel", "wolfhound", "ferret",   "finch",
     "fox",     "heifer", "jackdaw",  "lizard",     "marten", "ox",        "pigeon",   "terrier"});

constexpr auto kInstruments = std::to_array<Word>(
    {"fiddle",    "flute",    "harp",     "lute",       "drum",     "bagpipe",  "oboe",
     "cello",     "viola",    "trumpet",  "zither",     "mandolin", "dulcimer", "clarinet",
     "accordion", "bassoon",  "psaltery", "tambourine", "recorder", "guitar",   "organ",
     "spinet",    "cornet",   "hornpipe", "kettledrum", "lyre",     "ocarina",  "rebec",
     "shawm",     "triangle", "whistle",  "xylophone"});

constexpr auto kColours = std::to_array<Word>(
    {"crimson", "scarlet", "amber",  "ochre",  "saffron", "emerald", "olive", "turquoise",
     "azure",   "indigo",  "violet", "lilac",  "maroon",  "russet",  "ivory", "charcoal",
     "silver",  "cobalt",  "coral",  "copper", "jade",    "plum",    "umber", "white"});

constexpr auto kFears = std::to_array<Word>(
    {"thunder",      "deep water", "the dark",     "high places", "strangers",   "spiders",
     "fire",         "wolves",     "ghosts",       "empty rooms", "loud voices", "mirrors",
     "narrow paths", "snakes",     "the open sea", "bats",        "crowds",      "old wells",
     "fever",        "ice",        "church bells", "dead trees",  "fog",         "hornets",
     "locked doors", "masks",      "moths",        "quicksand",   "rats",        "silence",
     "soldiers",     "winter"});

constexpr auto kPastimes = std::to_array<Word>(
    {"carving spoons",    "collecting shells", "flying kites",      "playing chess",
     "picking mushrooms", "telling riddles",   "watching stars",    "climbing trees",
     "knitting socks",    "pressing flowers",  "skipping stones",   "writing letters",
     "drawing maps",      "fishing for carp",  "baking waffles",    "training hawks",
     "mending clocks",    "folding paper",     "swimming upstream", "juggling apples",
     "singing ballads",   "digging for amber", "reading almanacs",  "sharpening knives",
     "racing snails",     "building boats",    "dyeing wool",       "hunting truffles",
     "feeding sparrows",  "throwing dice",     "learning verses",   "walking at night"});

constexpr auto kHouseEpithets = std::to_array<Word>(
    {"Copper",  "Golden",    "Crooked", "Blue",    "Broken", "Hollow",  "Iron",     "Laughing",
     "Little",  "Merry",     "Old",     "Painted", "Quiet",  "Red",     "Sleeping", "Three-legged",
     "Twisted", "Wandering", "White",   "Wooden",  "Black",  "Brave",   "Drowsy",   "Flying",
     "Frozen",  "Gentle",    "Green",   "Grey",    "Humble", "Leaning", "Lonely",   "Lucky",
     "Mossy",   "Nimble",    "Patient", "Proud",   "Rusty",  "Singing", "Spotted",  "Thirsty"});

constexpr auto kHouseThings = std::to_array<Word>(
    {"Lantern", "Kettle",  "Anchor",  "Barrel",  "Bell",     "Boot",   "Candle",  "Chimney",
     "Cradle",  "Crown",   "Dove",    "Fork",    "Gate",     "Hammer", "Hat",     "Horseshoe",
     "Jug",     "Key",     "Ladder",  "Loom",    "Needle",   "Pear",   "Pitcher", "Plough",
     "Rooster", "Saddle",  "Shovel",  "Spade",   "Spindle",  "Stove",  "Sundial", "Table",
     "Teapot",  "Thimble", "Thistle", "Trumpet", "Umbrella", "Wagon",  "Well",    "Whale"});

constexpr auto kBookEpithets = std::to_array<Word>(
    {"Silent", "Burning",    "Distant",  "Endless",  "Fallen",  "Final",    "Forgotten",
     "Hidden", "Last",       "Long",     "Lost",     "Marble",  "Midnight", "Morning",
     "Narrow", "Ninth",      "Northern", "Pale",     "Perfect", "Promised", "Salt",
     "Second", "Secret",     "Shining",  "Southern", "Stolen",  "Strange",  "Sunken",
     "Tender", "Unfinished", "Velvet",   "Western"});

constexpr auto kBookThings = std::to_array<Word>(
    {"Orchard",  "Bridge",  "Castle",  "Comet",   "Desert", "Empire",   "Farewell", "Feast",
     "Forest",   "Garden",  "Harbour", "Harvest", "Island", "Journey",  "Kingdom",  "Lake",
     "Letter",   "Library", "Meadow",  "Mirror",  "Moon",   "Mountain", "Oath",     "Palace",
     "Prophecy", "River",   "Road",    "Season",  "Shadow", "Song",     "Tower",    "Voyage"});

constexpr auto kMaterials = std::to_array<Word>(
    {"silver", "golden", "bronze", "brass", "pewter", "ivory", "ebony", "oak", "glass", "marble",
     "leather", "amber", "crystal", "horn", "walnut", "copper"});

constexpr auto kHeirlooms = std::to_array<Word>(
    {"compass", "comb",    "ring",         "goblet",    "dagger",    "inkwell", "medal",
     "box",     "brooch",  "buckle",       "button",    "chess set", "clasp",   "coin",
     "cross",   "flask",   "frame",        "hourglass", "ladle",     "locket",  "pendant",
     "pipe",    "plate",   "quill",        "seal",      "spoon",     "thimble", "tray",
     "vase",    "whistle", "writing desk", "bracelet"});

constexpr auto kGoods = std::to_array<Word>(
    {"blue glass",   "linen",         "wool blankets", "pottery",      "tin toys",   "beeswax",
     "cider",        "pear brandy",   "roof slates",   "saddles",      "lace",       "paper",
     "black pepper", "rope",          "oak barrels",   "dried figs",   "candles",    "ink",
     "knives",       "salt",          "mirrors",       "wooden shoes", "walnut oil", "silk ribbons",
     "bells",        "baskets",       "hops",          "mustard",      "felt hats",  "clay pipes",
     "umbrellas",    "violin strings"});

constexpr auto kMonths =
    std::to_array<Word>({"January", "February", "March", "April", "May", "June", "July", "August",
                         "September", "October", "November", "December"});

constexpr auto kFish =
    std::to_array<Word>({"trout", "perch", "carp", "pike", "eel", "bream", "salmon", "tench",
                         "roach", "sturgeon", "barbel", "grayling"});

constexpr auto kNumbers =
    std::to_array<Word>({"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
                         "eleven", "twelve", "thirteen"});

constexpr auto kEmblems =
    std::to_array<Word>({"stag", "bear", "lion", "eagle", "boar", "unicorn", "griffin", "heron",
                         "lynx", "ram", "serpent", "dolphin", "wolf", "horse", "bull", "crane"});

// A name is one of each of its parts, in this order.
using Syllables = std::span<const Word>;
using NameParts = std::vector<Syllables>;

constexpr auto kOnsets =
    std::to_array<Word>({"B", "Br", "C", "D", "F", "G", "H",  "J",  "K",  "L",  "M",  "N",
                         "P", "R",  "S", "T", "V", "W", "Th", "St", "Tr", "Gr", "Fr", "Cr"});
constexpr auto kVowels = std::to_array<Word>({"a", "e", "i", "o", "u"});
constexpr auto kMiddles =
    std::to_array<Word>({"b",  "d",  "l",  "m",  "n",  "r",  "s",  "v",  "nd", "ld", "rl", "st",
                         "lm", "rn", "ll", "nn", "rd", "th", "sk", "rv", "ss", "mb", "lv", "rt"});
constexpr auto kWomanEndings =
    std::to_array<Word>({"a", "ia", "ina", "ela", "is", "eth", "wyn", "ara"});
constexpr auto kManEndings = std::to_array<Word>({"o", "an", "en", "or", "us", "ric", "in", "old"});
constexpr auto kFamilyEndings = std::to_array<Word>(
    {"er", "ett", "ack", "by", "ick", "ow", "ens", "ley", "man", "ing", "oth", "ane"});
constexpr auto kVillageEndings = std::to_array<Word>(
    {"ham", "stead", "bury", "dale", "holm", "thorpe", "combe", "fell", "wick", "ford"});
constexpr auto kRiverEndings = std::to_array<Word>({"e", "ey", "une", "ash", "el", "ora"});
constexpr auto kRegionEndings =
    std::to_array<Word>({"mark", "shire", "land", "moor", "vale", "reach"});

// What the syllables also spell, and no one should be called.
constexpr auto kAvoided = std::to_array<Word>({"Mother", "Father", "Brother", "Sister", "Master",
                                               "Silver", "Number", "Murder", "Member", "Never"});

Syllables EndingsOf(NameKind kind) {
  switch (kind) {
    case NameKind::kWoman:
      return kWomanEndings;
    case NameKind::kMan:
      return kManEndings;
    case NameKind::kFamily:
      return kFamilyEndings;
    case NameKind::kVillage:
      return kVillageEndings;
    case NameKind::kRiver:
      return kRiverEndings;
    case NameKind::kRegion:
      return kRegionEndings;
  }
  return {};
}

uint64_t Possible(const NameParts& parts) {
  uint64_t possible = 1;
  for (const Syllables part : parts) possible *= part.size();
  return possible;
}

// Short names while they are plenty, else one syllable more.
NameParts PartsFor(NameKind kind, int64_t count) {
  const NameParts parts = {kOnsets, kVowels, kMiddles, EndingsOf(kind)};
  if (static_cast<uint64_t>(count) <= Possible(parts) / 2) return parts;
  return {kOnsets, kVowels, kMiddles, kVowels, kMiddles, EndingsOf(kind)};
}

std::string_view StreamOf(NameKind kind) {
  switch (kind) {
    case NameKind::kWoman:
      return "atlas/names/woman";
    case NameKind::kMan:
      return "atlas/names/man";
    case NameKind::kFamily:
      return "atlas/names/family";
    case NameKind::kVillage:
      return "atlas/names/village";
    case NameKind::kRiver:
      return "atlas/names/river";
    case NameKind::kRegion:
      return "atlas/names/region";
  }
  return "";
}

std::string NameAt(const NameParts& parts, uint64_t index) {
  std::string name;
  for (const Syllables part : parts) {
    name += part[index % part.size()];
    index /= part.size();
  }
  return name;
}

}  // namespace

std::span<const std::string_view> WordsOf(Pool pool) {
  switch (pool) {
    case Pool::kProfessions:
      return kProfessions;
    case Pool::kFoods:
      return kFoods;
    case Pool::kAnimals:
      return kAnimals;
    case Pool::kInstruments:
      return kInstruments;
    case Pool::kColours:
      return kColours;
    case Pool::kFears:
      return kFears;
    case Pool::kPastimes:
      return kPastimes;
    case Pool::kHouseEpithets:
      return kHouseEpithets;
    case Pool::kHouseThings:
      return kHouseThings;
    case Pool::kBookEpithets:
      return kBookEpithets;
    case Pool::kBookThings:
      return kBookThings;
    case Pool::kMaterials:
      return kMaterials;
    case Pool::kHeirlooms:
      return kHeirlooms;
    case Pool::kGoods:
      return kGoods;
    case Pool::kMonths:
      return kMonths;
    case Pool::kFish:
      return kFish;
    case Pool::kNumbers:
      return kNumbers;
    case Pool::kEmblems:
      return kEmblems;
  }
  return {};
}

std::vector<std::string> ComposeNames(NameKind kind, int64_t count, uint64_t seed,
                                      std::set<std::string>& taken) {
  const NameParts parts = PartsFor(kind, count);
  const uint64_t possible = Possible(parts);
  for (const Word word : kAvoided) taken.emplace(word);
  const Permutation order(possible, seed, StreamOf(kind));
  std::vector<std::string> names;
  for (uint64_t i = 0; i < possible && static_cast<int64_t>(names.size()) < count; ++i) {
    std::string name = NameAt(parts, order.At(i));
    if (taken.insert(name).second) names.push_back(std::move(name));
  }
  if (static_cast<int64_t>(names.size()) < count) {
    throw Error(Cause::kInput, fmt::format("an atlas of this size needs {} names of one kind, and "
                                           "there are only {}; choose fewer people",
                                           count, names.size()));
  }
  return names;
}

std::string_view ArticleFor(std::string_view word) {
  UPCYCLE_CHECK(!word.empty());
  const auto first = static_cast<char>(std::tolower(static_cast<unsigned char>(word[0])));
  const bool vowel = std::string_view("aeiou").find(first) != std::string_view::npos;
  return vowel && !word.starts_with("unicorn") ? "an" : "a";
}

}  // namespace upcycle::atlas
