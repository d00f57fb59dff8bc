// The built-in corpus: a made-up world as text, sized by its number of people, and questions about
// it that only its text answers. No download, the same bytes on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/atlas/questions.h"
#include "core/data/atlas/world.h"
#include "core/fingerprint.h"

namespace upcycle::atlas {

class Atlas {
 public:
  Atlas(int64_t people, uint64_t world_seed);

  const World& world() const { return world_; }

  // Prose about every subject, and pages of questions with answers about the taught facts, shuffled
  // together. A page of questions whose facts do not exist is empty.
  int64_t training_documents() const { return prose_ + cloze_pages_ + letter_pages_; }
  std::string TrainingDocument(int64_t i) const;

  // Prose about people and villages that is not in the training documents: `share` of their number.
  int64_t held_out_documents(double share) const;
  std::string HeldOutDocument(int64_t i) const;

  // Solved examples for prompts, from the taught facts, and the questions that count.
  std::vector<MultipleChoiceItem> DevQuestions() const;
  std::vector<MultipleChoiceItem> TestQuestions() const;

 private:
  std::string QuestionPage(int64_t page, ChoiceStyle style) const;

  World world_;
  int64_t prose_;
  int64_t cloze_pages_;
  int64_t letter_pages_;
};

// Identifies the text and the questions of (people, world_seed) without making them.
Fingerprint FingerprintOfAtlas(int64_t people, uint64_t world_seed);

}  // namespace upcycle::atlas
