// Multiple-choice questions about a made-up world. The facts are dealt out, once and at random:
//   half are *taught*: besides the prose, training text has them as question and answer, so that a
//   model can learn the form;
//   a quarter is *tested*: training text tells them in prose only;
//   the rest is prose only and never asked.
// Wrong choices are right answers of the same question about other subjects, so that neither
// length nor frequency betrays the right one, and the right one's place is uniform.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/benchmarks/multiple_choice.h"
#include "core/data/atlas/world.h"

namespace upcycle::atlas {

enum class QuestionPart { kTaught, kTested };

// How many facts are dealt to a part.
int64_t QuestionCount(const World& world, QuestionPart part);

// The i-th fact of a part, i below QuestionCount, in an order that is random.
Fact QuestionedFact(const World& world, QuestionPart part, int64_t i);

// The question about a fact; nothing where the fact does not exist.
std::optional<MultipleChoiceItem> Ask(const World& world, const Fact& fact);

// At most `limit` questions of a part.
std::vector<MultipleChoiceItem> Questions(const World& world, QuestionPart part, int64_t limit);

}  // namespace upcycle::atlas
