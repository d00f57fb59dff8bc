#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/benchmarks/python_text.h"
#include "core/benchmarks/reading.h"

namespace upcycle {
namespace {

struct LabelledChoices {
  std::vector<std::string> texts;
  std::vector<std::string> labels;
};

// A list of {text, label}, as the publisher has it, or {text: [...], label: [...]}.
LabelledChoices ChoicesOf(const Record& parent) {
  LabelledChoices choices;
  if (parent.IsObject("choices")) {
    const Record columns = parent.Object("choices");
    choices = {columns.Texts("text"), columns.Texts("label")};
    RefuseUnlessCount(columns, "label", choices.labels.size(), choices.texts.size());
  } else {
    for (const Record& choice : parent.Objects("choices")) {
      choices.texts.push_back(choice.Text("text"));
      choices.labels.push_back(choice.Text("label"));
    }
  }
  if (choices.texts.size() < 2) {
    parent.Refuse(fmt::format("{} choices; expected at least 2", choices.texts.size()));
  }
  return choices;
}

struct ScienceQuestion {
  std::string stem;
  LabelledChoices choices;
};

ScienceQuestion QuestionOf(const Record& record, std::string_view exported_stem) {
  const bool published = record.Has("question") && record.IsObject("question");
  if (!published) return {record.Text(exported_stem), ChoicesOf(record)};
  const Record question = record.Object("question");
  return {question.Text("stem"), ChoicesOf(question)};
}

}  // namespace

BenchmarkItems ReadArc(const BenchmarkText& source) {
  BenchmarkItems items;
  ForEachRecord(source.text, source.name, [&](const Record& record, const Fingerprint& print) {
    ScienceQuestion question = QuestionOf(record, "question");
    BenchmarkItem item;
    item.context = fmt::format("Question: {}\nAnswer:", question.stem);
    item.answer = IndexOfLabel(record, question.choices.labels, record.Text("answerKey"));
    item.choices = std::move(question.choices.texts);
    item.record = print;
    items.push_back(std::move(item));
  });
  return items;
}

BenchmarkItems ReadOpenBookQa(const BenchmarkText& source) {
  BenchmarkItems items;
  ForEachRecord(source.text, source.name, [&](const Record& record, const Fingerprint& print) {
    ScienceQuestion question = QuestionOf(record, "question_stem");
    BenchmarkItem item;
    item.context = std::move(question.stem);
    const std::string key = record.Text("answerKey");
    item.answer = IndexOfLabel(record, question.choices.labels, StripLeft(key));
    item.choices = std::move(question.choices.texts);
    item.record = print;
    items.push_back(std::move(item));
  });
  return items;
}

BenchmarkItems ReadSciQ(const BenchmarkText& source) {
  BenchmarkItems items;
  ForEachRecord(source.text, source.name, [&](const Record& record, const Fingerprint& print) {
    BenchmarkItem item;
    const std::string support = record.Text("support");
    item.context =
        fmt::format("{}\nQuestion: {}\nAnswer:", StripLeft(support), record.Text("question"));
    item.choices = {record.Text("distractor1"), record.Text("distractor2"),
                    record.Text("distractor3"), record.Text("correct_answer")};
    item.answer = 3;
    item.record = print;
    items.push_back(std::move(item));
  });
  return items;
}

}  // namespace upcycle
