// A made-up world: people, villages, rivers and regions, and what is true of each. All of it is a
// function of (people, seed), with integer arithmetic only: the same on every machine.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/data/atlas/relations.h"

namespace upcycle::atlas {

struct Subject {
  SubjectKind kind = SubjectKind::kPerson;
  int64_t index = 0;
  bool operator==(const Subject&) const = default;
};

struct Fact {
  Subject subject;
  Relation relation = Relation::kBirthYear;
};

class World {
 public:
  // At least 8 people. There is a village for every eight of them, a river for every four villages
  // and a region for every six, but at least four of each. 100 bytes of memory a person.
  World(int64_t people, uint64_t seed);

  uint64_t seed() const { return seed_; }

  // Subjects are numbered: people, then villages, rivers, regions.
  int64_t subjects() const;
  int64_t subjects(SubjectKind kind) const { return counts_[static_cast<size_t>(kind)]; }
  Subject SubjectAt(int64_t number) const;
  int64_t NumberOf(Subject subject) const;

  // Facts are numbered subject by subject. Some number no fact: the eldest have no mother here.
  int64_t facts() const { return static_cast<int64_t>(values_.size()); }
  Fact FactAt(int64_t number) const;
  int64_t NumberOf(const Fact& fact) const;

  // "Brana Tolder", "Kelmham", "the Velne", "Ostenmark". People from subjects(kPerson) on are the
  // founders of villages, of whom nothing else is told.
  std::string NameOf(Subject subject) const;
  // "Brana"; for anything else, as NameOf.
  std::string ShortNameOf(Subject subject) const;
  bool IsWoman(int64_t person) const { return people_[static_cast<size_t>(person)].woman; }

  // What the fact says, as text; nothing where there is no such fact.
  std::optional<std::string> ValueOf(const Fact& fact) const;
  // Every value that a relation could have had, by number; founders and all people for kPerson.
  int64_t PossibleValues(Relation relation) const;
  std::string PossibleValue(Relation relation, int64_t number) const;

 private:
  struct Person {
    int32_t given = 0;
    int32_t family = 0;
    bool woman = false;
  };

  void NameEveryone();
  void DrawValues();
  // Draws the value of a fact of ordinary kinds: any possible one, but not the subject itself.
  int32_t Draw(const Fact& fact) const;
  void DrawElders();

  uint64_t seed_;
  std::array<int64_t, 4> counts_;
  std::vector<std::string> women_, men_, families_;
  std::array<std::vector<std::string>, 4> place_names_;  // by SubjectKind; none for people
  std::vector<Person> people_;                           // people, then founders
  std::vector<int32_t> values_;                          // of every fact, -1 where there is none
};

}  // namespace upcycle::atlas
