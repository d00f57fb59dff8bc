#include "core/benchmarks/reading.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/benchmarks/python_text.h"
#include "core/error.h"

namespace upcycle {

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

void RefuseLine(std::string_view name, size_t line, std::string_view what) {
  throw Error(Cause::kInput, fmt::format("{}:{}: {}", name, line, what));
}

int IndexOfLabel(const Record& record, const std::vector<std::string>& labels,
                 std::string_view label) {
  const auto found = std::ranges::find(labels, label);
  if (found == labels.end()) {
    record.Refuse(fmt::format("the answer is \"{}\"; expected one of the choices' labels: {}",
                              label, fmt::join(labels, ", ")));
  }
  for (auto other = labels.begin(); other != labels.end(); ++other) {
    if (std::find(other + 1, labels.end(), *other) == labels.end()) continue;
    record.Refuse(fmt::format("two choices have the label \"{}\"", *other));
  }
  return static_cast<int>(found - labels.begin());
}

int AnswerIndex(const Record& record, std::string_view field, int choices) {
  int64_t answer = -1;
  if (record.IsText(field)) {
    const std::string text = record.Text(field);
    if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') answer = text[0] - '0';
    if (text.empty()) {
      record.Refuse(
          fmt::format("\"{}\" is empty: a test set whose answers are kept secret cannot "
                      "be scored; take the validation set",
                      field));
    }
  } else {
    answer = record.Integer(field);
  }
  if (answer < 0 || answer >= choices) {
    record.Refuse(fmt::format("\"{}\" is {}; expected the number of the right choice, 0 to {}",
                              field, answer, choices - 1));
  }
  return static_cast<int>(answer);
}

void RefuseUnlessCount(const Record& record, std::string_view field, size_t found,
                       size_t expected) {
  if (found == expected) return;
  record.Refuse(fmt::format("\"{}\" has {} entries; expected {}", field, found, expected));
}

LabelFile::LabelFile(const BenchmarkText& source)
    : name_(source.labels_name), source_name_(source.name), lines_(LinesOf(source.labels)) {}

int LabelFile::Next(std::span<const std::string> allowed) {
  if (next_ == lines_.size()) {
    RefuseLine(name_, next_ + 1,
               fmt::format("{} labels; {} has more records", next_, source_name_));
  }
  const std::string_view label = Strip(lines_[next_++]);
  const auto found = std::ranges::find(allowed, label);
  if (found == allowed.end()) {
    RefuseLine(name_, next_,
               fmt::format("the label is \"{}\"; expected {}", label, fmt::join(allowed, " or ")));
  }
  return static_cast<int>(found - allowed.begin());
}

void LabelFile::Finish() const {
  if (next_ == lines_.size()) return;
  RefuseLine(name_, next_ + 1,
             fmt::format("{} labels; {} has {} records", lines_.size(), source_name_, next_));
}

}  // namespace upcycle
