#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/benchmarks/python_text.h"
#include "core/benchmarks/reading.h"

namespace upcycle {

namespace {

// The answer that the record has in `field`, or that the file of labels has, as an index into
// `allowed`; where both have one they must agree.
class Answers {
 public:
  Answers(const BenchmarkText& source, std::string_view field, std::vector<std::string> allowed)
      : labels_(source),
        separate_(!source.labels_name.empty()),
        field_(field),
        allowed_(std::move(allowed)) {}

  int Of(const Record& record) {
    const bool own = record.Has(field_);
    if (!own && !separate_) {
      record.Refuse(
          fmt::format("no field \"{}\", and no file of labels beside the records (as "
                      "valid-labels.lst for valid.jsonl)",
                      field_));
    }
    const int labelled = separate_ ? labels_.Next(allowed_) : -1;
    const int written = own ? IndexOfLabel(record, allowed_, TextOf(record)) : labelled;
    if (separate_ && written != labelled) {
      record.Refuse(fmt::format("\"{}\" is {}, and the file of labels says {}", field_,
                                TextOf(record), allowed_[static_cast<size_t>(labelled)]));
    }
    return written;
  }

  void Finish() const { labels_.Finish(); }

 private:
  std::string TextOf(const Record& record) const {
    return record.IsText(field_) ? record.Text(field_) : fmt::to_string(record.Integer(field_));
  }

  LabelFile labels_;
  bool separate_;
  std::string_view field_;
  std::vector<std::string> allowed_;
};

// Of the fields that the exported records have: a publisher's own number is none of them.
Fingerprint FingerprintOf(const Record& record, std::initializer_list<std::string_view> fields,
                          int answer) {
  Hasher hasher;
  for (const std::string_view field : fields) hasher.Add(record.Text(field));
  return hasher.Add(static_cast<uint64_t>(answer)).Finish();
}

}  // namespace

BenchmarkItems ReadPiqa(const BenchmarkText& source) {
  BenchmarkItems items;
  Answers answers(source, "label", {"0", "1"});
  ForEachRecord(source.text, source.name, [&](const Record& record, const Fingerprint&) {
    BenchmarkItem item;
    item.context = fmt::format("Question: {}\nAnswer:", record.Text("goal"));
    item.choices = {record.Text("sol1"), record.Text("sol2")};
    item.answer = answers.Of(record);
    item.record = FingerprintOf(record, {"goal", "sol1", "sol2"}, item.answer);
    items.push_back(std::move(item));
  });
  answers.Finish();
  return items;
}

BenchmarkItems ReadWinoGrande(const BenchmarkText& source) {
  BenchmarkItems items;
  Answers answers(source, "answer", {"1", "2"});
  ForEachRecord(source.text, source.name, [&](const Record& record, const Fingerprint&) {
    const std::string sentence = record.Text("sentence");
    const size_t blank = sentence.find('_');
    if (blank == std::string::npos) record.Refuse("\"sentence\" has no blank _ to fill");
    BenchmarkItem item;
    const std::string before = sentence.substr(0, blank);
    item.choices = {before + record.Text("option1"), before + record.Text("option2")};
    item.ending = Strip(std::string_view(sentence).substr(blank + 1));
    item.answer = answers.Of(record);
    item.record = FingerprintOf(record, {"sentence", "option1", "option2"}, item.answer);
    items.push_back(std::move(item));
  });
  answers.Finish();
  return items;
}

}  // namespace upcycle
