#include "core/data/atlas/questions.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/check.h"
#include "core/random.h"

namespace upcycle::atlas {
namespace {

constexpr size_t kChoices = 4;
constexpr int kDraws = 64;  // of other subjects, before any possible value will do
constexpr std::string_view kSubjectSlot = "{S}";

std::string QuestionText(const World& world, const Fact& fact) {
  std::string text(InfoOf(fact.relation).question);
  return text.replace(text.find(kSubjectSlot), kSubjectSlot.size(), world.NameOf(fact.subject));
}

bool Fits(const std::vector<std::string>& choices, const std::string& subject,
          const std::string& candidate) {
  return candidate != subject &&
         std::find(choices.begin(), choices.end(), candidate) == choices.end();
}

// The right answer first, then wrong ones.
std::vector<std::string> DrawChoices(const World& world, const Fact& fact, const std::string& right,
                                     const RandomStream& stream) {
  const std::string subject = world.NameOf(fact.subject);
  const auto others = static_cast<uint64_t>(world.subjects(fact.subject.kind));
  std::vector<std::string> choices = {right};
  uint64_t draw = 0;
  for (; draw < kDraws && choices.size() < kChoices; ++draw) {
    Fact other = fact;
    other.subject.index = static_cast<int64_t>(stream.Below(draw, others));
    const auto value = world.ValueOf(other);
    if (value && Fits(choices, subject, *value)) choices.push_back(*value);
  }
  const auto possible = static_cast<uint64_t>(world.PossibleValues(fact.relation));
  const uint64_t start = stream.Below(draw, possible);
  for (uint64_t i = 0; i < possible && choices.size() < kChoices; ++i) {
    const auto number = static_cast<int64_t>((start + i) % possible);
    std::string value = world.PossibleValue(fact.relation, number);
    if (Fits(choices, subject, value)) choices.push_back(std::move(value));
  }
  UPCYCLE_CHECK_EQ(choices.size(), kChoices);
  return choices;
}

}  // namespace

int64_t QuestionCount(const World& world, QuestionPart part) {
  return part == QuestionPart::kTaught ? world.facts() / 2 : world.facts() / 4;
}

Fact QuestionedFact(const World& world, QuestionPart part, int64_t i) {
  UPCYCLE_CHECK(i >= 0 && i < QuestionCount(world, part));
  const Permutation deal(static_cast<uint64_t>(world.facts()), world.seed(), "atlas/deal");
  const int64_t first =
      part == QuestionPart::kTaught ? 0 : QuestionCount(world, QuestionPart::kTaught);
  return world.FactAt(static_cast<int64_t>(deal.At(static_cast<uint64_t>(first + i))));
}

std::optional<MultipleChoiceItem> Ask(const World& world, const Fact& fact) {
  const auto right = world.ValueOf(fact);
  if (!right) return std::nullopt;
  const auto number = static_cast<uint64_t>(world.NumberOf(fact));
  const RandomStream stream(world.seed(), "atlas/choices", number);
  const RandomStream places(world.seed(), "atlas/answers");
  MultipleChoiceItem item;
  item.question = QuestionText(world, fact);
  item.choices = DrawChoices(world, fact, *right, stream);
  item.answer = static_cast<int>(places.Below(number, kChoices));
  std::swap(item.choices[0], item.choices[static_cast<size_t>(item.answer)]);
  return item;
}

std::vector<MultipleChoiceItem> Questions(const World& world, QuestionPart part, int64_t limit) {
  std::vector<MultipleChoiceItem> items;
  const int64_t count = QuestionCount(world, part);
  for (int64_t i = 0; i < count && static_cast<int64_t>(items.size()) < limit; ++i) {
    if (auto item = Ask(world, QuestionedFact(world, part, i))) items.push_back(std::move(*item));
  }
  return items;
}

}  // namespace upcycle::atlas
