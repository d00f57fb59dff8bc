#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/benchmarks/python_text.h"
#include "core/benchmarks/reading.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

const std::vector<std::string>& LogiQaLabels() {
  static const std::vector<std::string> labels = {"a", "b", "c", "d"};
  return labels;
}

struct LogiQaQuestion {
  std::string context, question;
  std::vector<std::string> options;
  int answer = 0;
};

BenchmarkItem ItemOf(const LogiQaQuestion& logic) {
  BenchmarkItem item;
  item.context =
      fmt::format("Passage: {}\nQuestion: {}\nChoices:\n", logic.context, logic.question);
  for (size_t i = 0; i < logic.options.size(); ++i) {
    item.context += fmt::format("{}. {}\n", static_cast<char>('A' + i), logic.options[i]);
  }
  item.context += "Answer:";
  item.choices = logic.options;
  item.answer = logic.answer;
  return item;
}

// The published lines have no space behind a full stop.
std::string Spaced(std::string_view line) { return std::string(Strip(Replace(line, ".", ". "))); }

// The harness cuts two characters off, and so do we where the published line begins with no letter.
std::string_view WithoutLetter(std::string_view option) {
  return option.substr(BytesOfCharacters(option, 2));
}

// Lines [begin, end) are one item.
BenchmarkItem ItemOfLines(const std::vector<std::string_view>& lines, size_t begin, size_t end,
                          std::string_view name) {
  if (end - begin != 7) {
    RefuseLine(name, begin + 1,
               fmt::format("an item of {} lines; expected seven: label, context, question and the "
                           "options A. to D.",
                           end - begin));
  }
  const std::string label(Strip(lines[begin]));
  const auto& labels = LogiQaLabels();
  const auto found = std::find(labels.begin(), labels.end(), label);
  if (found == labels.end()) {
    RefuseLine(name, begin + 1, fmt::format("the label is \"{}\"; expected a, b, c or d", label));
  }
  LogiQaQuestion logic{Spaced(lines[begin + 1]),
                       Spaced(lines[begin + 2]),
                       {},
                       static_cast<int>(found - labels.begin())};
  for (size_t i = 0; i < 4; ++i) {
    logic.options.push_back(Spaced(WithoutLetter(lines[begin + 3 + i])));
  }
  BenchmarkItem item = ItemOf(logic);
  Hasher record;
  for (size_t i = begin; i < end; ++i) record.Add(lines[i]);
  item.record = record.Finish();
  return item;
}

}  // namespace

BenchmarkItems ReadBoolQ(const BenchmarkText& source) {
  BenchmarkItems items;
  ForEachRecord(source.text, source.name, [&](const Record& record, const Fingerprint& print) {
    const std::string field = record.Has("label") ? "label" : "answer";
    std::string passage = record.Text("passage");
    if (record.Has("title")) passage = fmt::format("{} -- {}", record.Text("title"), passage);
    BenchmarkItem item;
    item.context = fmt::format("{}\nQuestion: {}?\nAnswer:", passage, record.Text("question"));
    item.choices = {"no", "yes"};
    item.answer = record.Has(field) && record.IsBoolean(field) ? record.Boolean(field)
                                                               : AnswerIndex(record, field, 2);
    item.record = print;
    items.push_back(std::move(item));
  });
  return items;
}

BenchmarkItems ReadLogiQaRecords(const BenchmarkText& source) {
  BenchmarkItems items;
  ForEachRecord(source.text, source.name, [&](const Record& record, const Fingerprint& print) {
    LogiQaQuestion logic{record.Text("context"), record.Text("question"), record.Texts("options")};
    RefuseUnlessCount(record, "options", logic.options.size(), 4);
    const std::string label = record.Text("label");
    logic.answer = IndexOfLabel(record, LogiQaLabels(), Strip(label));
    items.push_back(ItemOf(logic));
    items.back().record = print;
  });
  return items;
}

BenchmarkItems ReadLogiQaLines(const BenchmarkText& source) {
  const std::vector<std::string_view> lines = LinesOf(source.text);
  BenchmarkItems items;
  size_t begin = 0;
  for (size_t end = 0; end <= lines.size(); ++end) {
    if (end < lines.size() && !Strip(lines[end]).empty()) continue;
    if (end > begin) items.push_back(ItemOfLines(lines, begin, end, source.name));
    begin = end + 1;
  }
  return items;
}

}  // namespace upcycle
