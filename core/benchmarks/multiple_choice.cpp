#include "core/benchmarks/multiple_choice.h"

#include <fmt/format.h>

#include "core/benchmarks/csv.h"
#include "core/benchmarks/python_text.h"
#include "core/check.h"
#include "core/error.h"
#include "core/mapped_file.h"

namespace upcycle {
namespace {

constexpr size_t kChoices = 4;

char Letter(size_t index) { return static_cast<char>('A' + index); }

MultipleChoiceItem ItemOf(const CsvRow& row, std::string_view name) {
  const auto& fields = row.fields;
  if (fields.size() != kChoices + 2) {
    throw Error(Cause::kInput,
                fmt::format("{}:{}: {} fields; expected 6: question, A, B, C, D, answer letter "
                            "(a field with a comma needs quotes)",
                            name, row.line, fields.size()));
  }
  const std::string_view letter = Strip(fields.back());
  if (letter.size() != 1 || letter[0] < 'A' || letter[0] >= Letter(kChoices)) {
    throw Error(Cause::kInput, fmt::format("{}:{}: the answer is \"{}\"; expected A, B, C or D",
                                           name, row.line, fields.back()));
  }
  if (Strip(fields[0]).empty()) {
    throw Error(Cause::kInput, fmt::format("{}:{}: the question is empty", name, row.line));
  }
  return {fields[0], {fields.begin() + 1, fields.end() - 1}, letter[0] - 'A'};
}

std::string ContextOf(const MultipleChoiceItem& item, ChoiceStyle style) {
  const std::string_view question = Strip(item.question);
  if (style == ChoiceStyle::kCloze) return fmt::format("Question: {}\nAnswer:", question);
  std::string context = fmt::format("{}\n", question);
  for (size_t i = 0; i < item.choices.size(); ++i) {
    context += fmt::format("{}. {}\n", Letter(i), item.choices[i]);
  }
  return context + "Answer:";
}

std::string ContinuationOf(const MultipleChoiceItem& item, size_t choice, ChoiceStyle style) {
  if (style == ChoiceStyle::kLetter) return fmt::format(" {}", Letter(choice));
  return " " + item.choices[choice];
}

}  // namespace

std::vector<MultipleChoiceItem> ParseMultipleChoiceCsv(std::string_view text,
                                                       std::string_view name) {
  std::vector<MultipleChoiceItem> items;
  for (const CsvRow& row : ParseCsv(text, name)) items.push_back(ItemOf(row, name));
  return items;
}

std::vector<MultipleChoiceItem> ReadMultipleChoiceCsv(const fs::path& path) {
  const MappedFile file(path);
  return ParseMultipleChoiceCsv(file.text(), path.native());
}

std::string FormatMultipleChoiceCsv(std::span<const MultipleChoiceItem> items) {
  std::string text;
  for (const MultipleChoiceItem& item : items) {
    UPCYCLE_CHECK_EQ(item.choices.size(), kChoices);
    std::vector<std::string> fields = {item.question};
    fields.insert(fields.end(), item.choices.begin(), item.choices.end());
    fields.push_back(std::string(1, Letter(static_cast<size_t>(item.answer))));
    text += FormatCsvRow(fields);
  }
  return text;
}

std::string FormatSolved(const MultipleChoiceItem& item, ChoiceStyle style) {
  return ContextOf(item, style) + ContinuationOf(item, static_cast<size_t>(item.answer), style);
}

Prompt BuildPrompt(const MultipleChoiceItem& item, std::span<const MultipleChoiceItem> examples,
                   ChoiceStyle style, std::string_view description) {
  Prompt prompt;
  prompt.context = description;
  for (const MultipleChoiceItem& example : examples) {
    prompt.context += FormatSolved(example, style) + "\n\n";
  }
  prompt.context += ContextOf(item, style);
  for (size_t i = 0; i < item.choices.size(); ++i) {
    prompt.continuations.push_back(ContinuationOf(item, i, style));
  }
  return prompt;
}

}  // namespace upcycle
