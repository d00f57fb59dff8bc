#include "core/data/multiple_choice.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/check.h"
#include "core/data/csv.h"
#include "core/tokenizers/tokenizer.h"
#include "core/error.h"
#include "core/mapped_file.h"

namespace upcycle {
namespace {

constexpr size_t kChoices = 4;
constexpr std::string_view kWhitespace = " \t\r\n\v\f";

std::string_view Stripped(std::string_view text) {
  const size_t begin = text.find_first_not_of(kWhitespace);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kWhitespace) - begin + 1);
}

char Letter(size_t index) { return static_cast<char>('A' + index); }

MultipleChoiceItem ItemOf(const CsvRow& row, std::string_view name) {
  const auto& fields = row.fields;
  if (fields.size() != kChoices + 2) {
    throw Error(Cause::kInput,
                fmt::format("{}:{}: {} fields; expected 6: question, A, B, C, D, answer letter "
                            "(a field with a comma needs quotes)",
                            name, row.line, fields.size()));
  }
  const std::string_view letter = Stripped(fields.back());
  if (letter.size() != 1 || letter[0] < 'A' || letter[0] >= Letter(kChoices)) {
    throw Error(Cause::kInput, fmt::format("{}:{}: the answer is \"{}\"; expected A, B, C or D",
                                           name, row.line, fields.back()));
  }
  if (Stripped(fields[0]).empty()) {
    throw Error(Cause::kInput, fmt::format("{}:{}: the question is empty", name, row.line));
  }
  return {fields[0], {fields.begin() + 1, fields.end() - 1}, letter[0] - 'A'};
}

std::string ContextOf(const MultipleChoiceItem& item, ChoiceStyle style) {
  const std::string_view question = Stripped(item.question);
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

EncodedPair EncodePair(const Tokenizer& tokenizer, std::string_view context,
                       std::string_view continuation) {
  const size_t content = context.find_last_not_of(kWhitespace);
  const size_t kept = content == std::string_view::npos ? 0 : content + 1;
  const std::string whole = std::string(context) + std::string(continuation);

  EncodedPair pair;
  size_t prefix = 0;
  if (kept == 0) {
    pair.tokens.push_back(tokenizer.EndOfText());
    prefix = 1;
  } else {
    prefix = tokenizer.Encode(context.substr(0, kept)).size();
  }
  tokenizer.Encode(whole, pair.tokens);
  pair.continuation =
      static_cast<int64_t>(pair.tokens.size() - std::min(prefix, pair.tokens.size()));
  return pair;
}

}  // namespace upcycle
