// What can be said in a made-up world: each relation of a subject to one value, the ways to state
// it and the way to ask for it. Every relation is a function (one value for one subject) and is
// never read the other way round, so that a question has one right answer.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/data/atlas/words.h"

namespace upcycle::atlas {

enum class SubjectKind { kPerson, kVillage, kRiver, kRegion };

enum class Relation {
  // of people
  kBirthYear,
  kBirthplace,
  kHome,
  kProfession,
  kMother,
  kTeacher,
  kAdmired,
  kCreditor,
  kFood,
  kAnimal,
  kInstrument,
  kColour,
  kHouse,
  kBook,
  kJourney,
  kHeirloom,
  kFear,
  kPastime,
  // of villages
  kVillageRegion,
  kVillageRiver,
  kFounder,
  kFoundingYear,
  kGoods,
  kFair,
  // of rivers
  kSource,
  kFish,
  kBridges,
  // of regions
  kChiefVillage,
  kEmblem,
};

enum class ValueKind {
  kBirthYear,     // 1700 to 1819
  kFoundingYear,  // 1200 to 1599
  kPerson,
  kVillage,
  kRiver,
  kRegion,
  kWord,    // one word of a pool
  kHouse,   // "the Copper Lantern"
  kBook,    // "The Silent Orchard"
  kObject,  // "a silver compass"
};

// Templates. {S} the subject as name or pronoun, {P} its possessive, {O} its object form; {N} the
// subject by name; {s} {p} {o} the pronoun in the same three forms; {V} the value; {A} the value
// with "a" or "an". Two statements that begin with {S} may share a sentence.
struct RelationInfo {
  Relation relation;
  std::string_view name;  // of the random stream that draws its values
  SubjectKind subject;
  ValueKind value;
  Pool pool;  // for kWord
  std::string_view question;
  std::array<std::string_view, 5> statements;
};

const RelationInfo& InfoOf(Relation relation);

// In the order of the enumeration.
std::span<const RelationInfo> RelationsOf(SubjectKind kind);

}  // namespace upcycle::atlas
