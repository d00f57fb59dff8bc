#include "core/data/atlas/world.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/check.h"
#include "core/random.h"

namespace upcycle::atlas {
namespace {

constexpr int32_t kFirstBirthYear = 1700;
constexpr int32_t kBirthYears = 120;
constexpr int32_t kFirstFoundingYear = 1200;
constexpr int32_t kFoundingYears = 400;
constexpr int64_t kFewestPlaces = 4;  // a question needs four different answers

constexpr std::array<SubjectKind, 4> kKinds = {SubjectKind::kPerson, SubjectKind::kVillage,
                                               SubjectKind::kRiver, SubjectKind::kRegion};

int64_t RelationCount(SubjectKind kind) { return static_cast<int64_t>(RelationsOf(kind).size()); }

int64_t FirstRelation(SubjectKind kind) {
  return static_cast<int64_t>(RelationsOf(kind).front().relation);
}

// The smallest integer whose square is at least n.
int64_t CeilingRoot(int64_t n) {
  int64_t root = 0;
  while (root * root < n) ++root;
  return root;
}

std::string_view Word(Pool pool, int64_t index) {
  return WordsOf(pool)[static_cast<size_t>(index)];
}

int64_t SizeOf(Pool pool) { return static_cast<int64_t>(WordsOf(pool).size()); }

}  // namespace

World::World(int64_t people, uint64_t seed) : seed_(seed) {
  UPCYCLE_CHECK(people >= 8 && people <= 10'000'000);
  const int64_t villages = std::max(people / 8, kFewestPlaces);
  counts_ = {people, villages, std::max(villages / 4, kFewestPlaces),
             std::max(villages / 6, kFewestPlaces)};
  NameEveryone();
  DrawValues();
}

// Given names are shared by several people and family names by about two, so that only the full
// name says who is meant.
void World::NameEveryone() {
  const int64_t named = counts_[0] + counts_[1];  // a founder for each village
  const int64_t root = CeilingRoot(named);
  std::set<std::string> taken;
  women_ = ComposeNames(NameKind::kWoman, 2 * root, seed_, taken);
  men_ = ComposeNames(NameKind::kMan, 2 * root, seed_, taken);
  families_ = ComposeNames(NameKind::kFamily, std::max(4 * root, named / 2), seed_, taken);
  place_names_[1] = ComposeNames(NameKind::kVillage, counts_[1], seed_, taken);
  place_names_[2] = ComposeNames(NameKind::kRiver, counts_[2], seed_, taken);
  place_names_[3] = ComposeNames(NameKind::kRegion, counts_[3], seed_, taken);

  const auto given = static_cast<uint64_t>(2 * root);
  const Permutation pairs(given * families_.size(), seed_, "atlas/full_names");
  const RandomStream sex(seed_, "atlas/sex");
  for (uint64_t i = 0; i < static_cast<uint64_t>(named); ++i) {
    const uint64_t pair = pairs.At(i);
    people_.push_back({static_cast<int32_t>(pair % given), static_cast<int32_t>(pair / given),
                       sex.Below(i, 2) == 0});
  }
}

int64_t World::subjects() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
}

Subject World::SubjectAt(int64_t number) const {
  for (const SubjectKind kind : kKinds) {
    if (number < subjects(kind)) return {kind, number};
    number -= subjects(kind);
  }
  UPCYCLE_CHECK(false);
  return {};
}

int64_t World::NumberOf(Subject subject) const {
  int64_t number = subject.index;
  for (const SubjectKind kind : kKinds) {
    if (kind == subject.kind) break;
    number += subjects(kind);
  }
  return number;
}

Fact World::FactAt(int64_t number) const {
  for (const SubjectKind kind : kKinds) {
    const int64_t relations = RelationCount(kind);
    if (number < subjects(kind) * relations) {
      return {{kind, number / relations},
              static_cast<Relation>(FirstRelation(kind) + number % relations)};
    }
    number -= subjects(kind) * relations;
  }
  UPCYCLE_CHECK(false);
  return {};
}

int64_t World::NumberOf(const Fact& fact) const {
  int64_t number = 0;
  for (const SubjectKind kind : kKinds) {
    if (kind == fact.subject.kind) break;
    number += subjects(kind) * RelationCount(kind);
  }
  const SubjectKind kind = fact.subject.kind;
  return number + fact.subject.index * RelationCount(kind) +
         (static_cast<int64_t>(fact.relation) - FirstRelation(kind));
}

std::string World::NameOf(Subject subject) const {
  if (subject.kind != SubjectKind::kPerson) return ShortNameOf(subject);
  const Person& person = people_[static_cast<size_t>(subject.index)];
  return ShortNameOf(subject) + " " + families_[static_cast<size_t>(person.family)];
}

std::string World::ShortNameOf(Subject subject) const {
  const auto index = static_cast<size_t>(subject.index);
  if (subject.kind == SubjectKind::kPerson) {
    const Person& person = people_[index];
    return (person.woman ? women_ : men_)[static_cast<size_t>(person.given)];
  }
  const std::string& name = place_names_[static_cast<size_t>(subject.kind)][index];
  return subject.kind == SubjectKind::kRiver ? "the " + name : name;
}

std::optional<std::string> World::ValueOf(const Fact& fact) const {
  const int32_t value = values_[static_cast<size_t>(NumberOf(fact))];
  if (value < 0) return std::nullopt;
  return PossibleValue(fact.relation, value);
}

int64_t World::PossibleValues(Relation relation) const {
  const RelationInfo& info = InfoOf(relation);
  switch (info.value) {
    case ValueKind::kBirthYear:
      return kBirthYears;
    case ValueKind::kFoundingYear:
      return kFoundingYears;
    case ValueKind::kPerson:
      return static_cast<int64_t>(people_.size());
    case ValueKind::kVillage:
      return subjects(SubjectKind::kVillage);
    case ValueKind::kRiver:
      return subjects(SubjectKind::kRiver);
    case ValueKind::kRegion:
      return subjects(SubjectKind::kRegion);
    case ValueKind::kWord:
      return SizeOf(info.pool);
    case ValueKind::kHouse:
      return SizeOf(Pool::kHouseEpithets) * SizeOf(Pool::kHouseThings);
    case ValueKind::kBook:
      return SizeOf(Pool::kBookEpithets) * SizeOf(Pool::kBookThings);
    case ValueKind::kObject:
      return SizeOf(Pool::kMaterials) * SizeOf(Pool::kHeirlooms);
  }
  return 0;
}

std::string World::PossibleValue(Relation relation, int64_t number) const {
  const RelationInfo& info = InfoOf(relation);
  const auto pair = [number](Pool first, Pool second) {
    return fmt::format("{} {}", Word(first, number / SizeOf(second)),
                       Word(second, number % SizeOf(second)));
  };
  switch (info.value) {
    case ValueKind::kBirthYear:
      return std::to_string(kFirstBirthYear + number);
    case ValueKind::kFoundingYear:
      return std::to_string(kFirstFoundingYear + number);
    case ValueKind::kPerson:
      return NameOf({SubjectKind::kPerson, number});
    case ValueKind::kVillage:
      return NameOf({SubjectKind::kVillage, number});
    case ValueKind::kRiver:
      return NameOf({SubjectKind::kRiver, number});
    case ValueKind::kRegion:
      return NameOf({SubjectKind::kRegion, number});
    case ValueKind::kWord:
      return std::string(Word(info.pool, number));
    case ValueKind::kHouse:
      return "the " + pair(Pool::kHouseEpithets, Pool::kHouseThings);
    case ValueKind::kBook:
      return "The " + pair(Pool::kBookEpithets, Pool::kBookThings);
    case ValueKind::kObject: {
      const std::string object = pair(Pool::kMaterials, Pool::kHeirlooms);
      return fmt::format("{} {}", ArticleFor(object), object);
    }
  }
  return "";
}

void World::DrawValues() {
  for (const SubjectKind kind : kKinds) {
    for (int64_t i = 0; i < subjects(kind); ++i) {
      for (const RelationInfo& info : RelationsOf(kind)) {
        values_.push_back(Draw({{kind, i}, info.relation}));
      }
    }
  }
  DrawElders();
}

int32_t World::Draw(const Fact& fact) const {
  const RelationInfo& info = InfoOf(fact.relation);
  const RandomStream stream(seed_, info.name);
  const auto index = static_cast<uint64_t>(fact.subject.index);
  if (fact.relation == Relation::kMother || fact.relation == Relation::kTeacher) return -1;
  if (fact.relation == Relation::kFounder) {
    return static_cast<int32_t>(subjects(SubjectKind::kPerson) + fact.subject.index);
  }
  if (info.value == ValueKind::kPerson) {  // any other person
    const auto others = static_cast<uint64_t>(subjects(SubjectKind::kPerson) - 1);
    const uint64_t drawn = stream.Below(index, others);
    return static_cast<int32_t>(drawn < index ? drawn : drawn + 1);
  }
  return static_cast<int32_t>(
      stream.Below(index, static_cast<uint64_t>(PossibleValues(fact.relation))));
}

// Mothers are women 18 to 40 years older, masters of a trade anyone 10 to 50 years older. The
// eldest have none.
void World::DrawElders() {
  const int64_t people = subjects(SubjectKind::kPerson);
  const auto birth_year = [this](int64_t person) {
    return values_[static_cast<size_t>(
        NumberOf(Fact{{SubjectKind::kPerson, person}, Relation::kBirthYear}))];
  };
  std::vector<std::pair<int32_t, int32_t>> everyone, women;  // birth year, person
  for (int64_t i = 0; i < people; ++i) {
    everyone.emplace_back(birth_year(i), static_cast<int32_t>(i));
    if (IsWoman(i)) women.push_back(everyone.back());
  }
  std::sort(everyone.begin(), everyone.end());
  std::sort(women.begin(), women.end());

  const auto draw = [&](const auto& candidates, Relation relation, int32_t least, int32_t most) {
    const RandomStream stream(seed_, InfoOf(relation).name);
    for (int64_t i = 0; i < people; ++i) {
      const auto begin = std::lower_bound(candidates.begin(), candidates.end(),
                                          std::pair(birth_year(i) - most, -1));
      const auto end =
          std::lower_bound(begin, candidates.end(), std::pair(birth_year(i) - least + 1, -1));
      if (begin == end) continue;
      const uint64_t drawn =
          stream.Below(static_cast<uint64_t>(i), static_cast<uint64_t>(end - begin));
      values_[static_cast<size_t>(NumberOf(Fact{{SubjectKind::kPerson, i}, relation}))] =
          (begin + static_cast<ptrdiff_t>(drawn))->second;
    }
  };
  draw(women, Relation::kMother, 18, 40);
  draw(everyone, Relation::kTeacher, 10, 50);
}

}  // namespace upcycle::atlas
