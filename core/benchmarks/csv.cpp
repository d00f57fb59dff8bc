#include "core/benchmarks/csv.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

class CsvParser {
 public:
  CsvParser(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  std::vector<CsvRow> Rows() {
    std::vector<CsvRow> rows;
    while (at_ < text_.size()) {
      CsvRow row = Row();
      const bool empty = row.fields.size() == 1 && row.fields[0].empty();
      if (!empty) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  CsvRow Row() {
    CsvRow row;
    row.line = line_;
    do {
      row.fields.push_back(Here() == '"' ? QuotedField() : PlainField());
    } while (Take(','));
    Take('\r');
    if (Take('\n')) ++line_;
    return row;
  }

  std::string PlainField() {
    const size_t begin = at_;
    while (at_ < text_.size() && !EndsField()) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string QuotedField() {
    const int64_t opened = line_;
    std::string field;
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"' && !Take('"')) {
        if (at_ < text_.size() && !EndsField()) {
          throw Error(Cause::kInput,
                      fmt::format("{}:{}: text behind a closing quote; a quote inside a quoted "
                                  "field is written twice",
                                  name_, line_));
        }
        return field;
      }
      if (c == '\n') ++line_;
      field += c;
    }
    throw Error(Cause::kInput, fmt::format("{}:{}: a quoted field begins here and is never closed",
                                           name_, opened));
  }

  // A comma, a line end, or a carriage return that belongs to one.
  bool EndsField() const {
    const char c = text_[at_];
    if (c == '\r') return at_ + 1 == text_.size() || text_[at_ + 1] == '\n';
    return c == ',' || c == '\n';
  }

  char Here() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  std::string_view name_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

}  // namespace

std::vector<CsvRow> ParseCsv(std::string_view text, std::string_view name) {
  return CsvParser(text, name).Rows();
}

std::string FormatCsvRow(const std::vector<std::string>& fields) {
  std::string row;
  for (const std::string& field : fields) {
    if (!row.empty() || &field != &fields.front()) row += ',';
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      row += field;
      continue;
    }
    row += '"';
    for (const char c : field) {
      if (c == '"') row += '"';
      row += c;
    }
    row += '"';
  }
  return row + "\n";
}

}  // namespace upcycle
