// Multiple-choice questions: MMLU's files, and prompts as EleutherAI's lm-evaluation-harness writes
// them for MMLU, so that our numbers can stand beside others'.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/benchmarks/choice_style.h"
#include "core/files.h"

namespace upcycle {

struct MultipleChoiceItem {
  std::string question;
  std::vector<std::string> choices;
  int answer = 0;  // index of the right choice
  bool operator==(const MultipleChoiceItem&) const = default;
};

// Items of a CSV without header: question, A, B, C, D, and the letter of the right answer. Throws
// Error(kInput) with file and line for anything else.
std::vector<MultipleChoiceItem> ReadMultipleChoiceCsv(const fs::path& path);
std::vector<MultipleChoiceItem> ParseMultipleChoiceCsv(std::string_view text,
                                                       std::string_view name);
std::string FormatMultipleChoiceCsv(std::span<const MultipleChoiceItem> items);

// What is scored for one item: how likely each continuation is after the context.
struct Prompt {
  std::string context;
  std::vector<std::string> continuations;  // one for each choice
};

// Letter: "question\nA. …\nB. …\nC. …\nD. …\nAnswer:" and " A"; cloze: "Question:
// question\nAnswer:" and " choice". The solved examples come before it in the same form, each
// followed by an empty line, and `description` before them all. Questions lose the spaces around
// them.
Prompt BuildPrompt(const MultipleChoiceItem& item, std::span<const MultipleChoiceItem> examples,
                   ChoiceStyle style, std::string_view description = "");

// A solved item in the same form, as examples and training text have it: context and right answer.
std::string FormatSolved(const MultipleChoiceItem& item, ChoiceStyle style);

}  // namespace upcycle
