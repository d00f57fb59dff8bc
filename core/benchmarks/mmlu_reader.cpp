#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/benchmarks/multiple_choice.h"
#include "core/benchmarks/reading.h"

namespace upcycle {
namespace {

constexpr int kChoices = 4;

BenchmarkItem ItemOf(const MultipleChoiceItem& question, std::string_view subject) {
  BenchmarkItem item;
  item.context = BuildPrompt(question, {}, ChoiceStyle::kLetter).context;
  item.choices = {"A", "B", "C", "D"};
  item.answer = question.answer;
  item.subject = subject;
  Hasher record;
  record.Add(question.question).Add(subject).Add(static_cast<uint64_t>(question.answer));
  for (const std::string& choice : question.choices) record.Add(choice);
  item.record = record.Finish();
  return item;
}

}  // namespace

BenchmarkItems ReadMmluCsv(const BenchmarkText& source, std::string_view subject) {
  BenchmarkItems items;
  for (const MultipleChoiceItem& question : ParseMultipleChoiceCsv(source.text, source.name)) {
    items.push_back(ItemOf(question, subject));
  }
  return items;
}

BenchmarkItems ReadMmluRecords(const BenchmarkText& source) {
  BenchmarkItems items;
  ForEachRecord(source.text, source.name, [&](const Record& record, const Fingerprint&) {
    MultipleChoiceItem question;
    question.question = record.Text("question");
    question.choices = record.Texts("choices");
    RefuseUnlessCount(record, "choices", question.choices.size(), kChoices);
    question.answer = AnswerIndex(record, "answer", kChoices);
    items.push_back(ItemOf(question, record.Text("subject")));
  });
  return items;
}

}  // namespace upcycle
