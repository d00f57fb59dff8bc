#include "core/data/atlas/atlas.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/data/atlas/documents.h"
#include "core/random.h"

namespace upcycle::atlas {
namespace {

// Raised by every change of the text or the questions.
constexpr uint64_t kVersion = 1;

constexpr int64_t kQuestionsOnPage = 4;
// Every taught fact stands on a page of questions with plain answers; of each six, one also on a
// page with lettered choices.
constexpr int64_t kLetteredOneIn = 6;
constexpr int64_t kDevQuestions = 64;
constexpr int64_t kTestQuestions = 10'000;
constexpr int64_t kFewestHeldOut = 4;

int64_t CeilingDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

Atlas::Atlas(int64_t people, uint64_t world_seed)
    : world_(people, world_seed),
      prose_(world_.subjects() * kDocuments),
      cloze_pages_(CeilingDivide(QuestionCount(world_, QuestionPart::kTaught), kQuestionsOnPage)),
      letter_pages_(cloze_pages_ / kLetteredOneIn) {}

std::string Atlas::TrainingDocument(int64_t i) const {
  const auto count = static_cast<uint64_t>(training_documents());
  const auto document = static_cast<int64_t>(
      Permutation(count, world_.seed(), "atlas/order").At(static_cast<uint64_t>(i)));
  if (document < prose_) {
    return WriteDocument(world_, world_.SubjectAt(document / kDocuments), document % kDocuments);
  }
  const int64_t page = document - prose_;
  return page < cloze_pages_ ? QuestionPage(page, ChoiceStyle::kCloze)
                             : QuestionPage(page - cloze_pages_, ChoiceStyle::kLetter);
}

std::string Atlas::QuestionPage(int64_t page, ChoiceStyle style) const {
  const int64_t begin = page * kQuestionsOnPage;
  const int64_t end =
      std::min(begin + kQuestionsOnPage, QuestionCount(world_, QuestionPart::kTaught));
  std::string text;
  for (int64_t i = begin; i < end; ++i) {
    const auto item = Ask(world_, QuestionedFact(world_, QuestionPart::kTaught, i));
    if (!item) continue;
    if (!text.empty()) text += "\n";
    text += FormatSolved(*item, style) + "\n";
  }
  return text;
}

int64_t Atlas::held_out_documents(double share) const {
  const auto documents = std::llround(share * static_cast<double>(prose_));
  return std::max<int64_t>(documents, kFewestHeldOut);
}

std::string Atlas::HeldOutDocument(int64_t i) const {
  const int64_t subjects =
      world_.subjects(SubjectKind::kPerson) + world_.subjects(SubjectKind::kVillage);
  const Permutation order(static_cast<uint64_t>(subjects), world_.seed(), "atlas/held_out");
  const auto number = static_cast<int64_t>(order.At(static_cast<uint64_t>(i % subjects)));
  return WriteDocument(world_, world_.SubjectAt(number), kDocuments + i / subjects);
}

std::vector<MultipleChoiceItem> Atlas::DevQuestions() const {
  return Questions(world_, QuestionPart::kTaught, kDevQuestions);
}

std::vector<MultipleChoiceItem> Atlas::TestQuestions() const {
  return Questions(world_, QuestionPart::kTested, kTestQuestions);
}

Fingerprint FingerprintOfAtlas(int64_t people, uint64_t world_seed) {
  Hasher hasher;
  hasher.Add("atlas").Add(kVersion).Add(static_cast<uint64_t>(people)).Add(world_seed);
  return hasher.Finish();
}

}  // namespace upcycle::atlas
