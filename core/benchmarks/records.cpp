#include "core/benchmarks/records.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

// More than any record of a benchmark has; a field is found by looking at all before it.
constexpr size_t kMostFields = 1000;
constexpr std::string_view kJsonSpace = " \t\r\n";

// The text of a record and the line on which it begins.
struct Piece {
  std::string_view text;
  int64_t line;
};

std::vector<Piece> Lines(std::string_view text) {
  std::vector<Piece> lines;
  int64_t line = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    ++line;
    const std::string_view record = TrimmedText(text.substr(0, end));
    if (!record.empty()) lines.push_back({record, line});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Cuts an array where a comma stands between its elements; whether these are JSON is found later.
class ArrayCutter {
 public:
  ArrayCutter(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  std::vector<Piece> Elements() {
    at_ = text_.find('[');
    CountLines(0, at_);
    size_t begin = ++at_;
    for (int64_t depth = 1; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') SkipString();
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') --depth;
      if (depth == 0 || (depth == 1 && c == ',')) {
        Add(begin, c == ',');
        begin = at_ + 1;
      }
      if (depth == 0) return Finish();
    }
    throw Error(Cause::kInput, fmt::format("{}:{}: the array of records is never closed; is the "
                                           "file whole?",
                                           name_, line_));
  }

 private:
  void SkipString() {
    while (++at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\') ++at_;
    }
  }

  void CountLines(size_t begin, size_t end) {
    line_ += std::count(text_.begin() + static_cast<std::ptrdiff_t>(begin),
                        text_.begin() + static_cast<std::ptrdiff_t>(end), '\n');
  }

  void Add(size_t begin, bool followed) {
    const std::string_view piece = text_.substr(begin, at_ - begin);
    const size_t blank = std::min(piece.find_first_not_of(kJsonSpace), piece.size());
    CountLines(begin, begin + blank);
    const bool empty_array = pieces_.empty() && !followed;
    if (!empty_array || blank < piece.size()) pieces_.push_back({TrimmedText(piece), line_});
    CountLines(begin + blank, at_);
  }

  std::vector<Piece> Finish() {
    if (!TrimmedText(text_.substr(at_ + 1)).empty()) {
      throw Error(Cause::kInput,
                  fmt::format("{}:{}: text behind the array of records", name_, line_));
    }
    return std::move(pieces_);
  }

  std::string_view text_;
  std::string_view name_;
  std::vector<Piece> pieces_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

Json ParsePiece(const Piece& piece, std::string_view place) {
  std::vector<std::set<std::string>> open;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto name = parsed.get<std::string>();
      if (open.back().size() == kMostFields) {
        throw Error(Cause::kInput,
                    fmt::format("{}: an object of more than {} fields", place, kMostFields));
      }
      if (!open.back().insert(name).second) {
        throw Error(Cause::kInput,
                    fmt::format("{}: the field \"{}\" stands twice in one object", place, name));
      }
    }
    return true;
  };
  try {
    return Json::parse(piece.text.begin(), piece.text.end(), watch);
  } catch (const Json::exception& error) {
    throw Error(Cause::kInput, fmt::format("{}: not a record in JSON: {}", place, error.what()));
  }
}

}  // namespace

bool Record::Has(std::string_view field) const { return json_.find(field) != json_.end(); }

const Json& Record::Value(std::string_view field) const {
  const auto found = json_.find(field);
  if (found == json_.end()) {
    std::string known;
    for (const auto& entry : json_.items()) known += (known.empty() ? "" : ", ") + entry.key();
    Refuse(fmt::format("no field \"{}\" among: {}", field, known));
  }
  return *found;
}

void Record::RefuseType(std::string_view field, std::string_view expected) const {
  Refuse(fmt::format("\"{}\" is {}; expected {}", field, Value(field).type_name(), expected));
}

void Record::Refuse(std::string_view what) const {
  throw Error(Cause::kInput, fmt::format("{}: {}", place_, what));
}

bool Record::IsObject(std::string_view field) const { return Value(field).is_object(); }
bool Record::IsText(std::string_view field) const { return Value(field).is_string(); }
bool Record::IsBoolean(std::string_view field) const { return Value(field).is_boolean(); }

std::string Record::Text(std::string_view field) const {
  if (!IsText(field)) RefuseType(field, "a string");
  return Value(field).get<std::string>();
}

std::vector<std::string> Record::Texts(std::string_view field) const {
  const Json& list = Value(field);
  const auto is_text = [](const Json& entry) { return entry.is_string(); };
  if (!list.is_array() || !std::all_of(list.begin(), list.end(), is_text)) {
    RefuseType(field, "a list of strings");
  }
  return list.get<std::vector<std::string>>();
}

int64_t Record::Integer(std::string_view field) const {
  if (!Value(field).is_number_integer()) RefuseType(field, "an integer");
  return Value(field).get<int64_t>();
}

std::vector<int64_t> Record::Integers(std::string_view field) const {
  const Json& list = Value(field);
  const auto is_integer = [](const Json& entry) { return entry.is_number_integer(); };
  if (!list.is_array() || !std::all_of(list.begin(), list.end(), is_integer)) {
    RefuseType(field, "a list of integers");
  }
  return list.get<std::vector<int64_t>>();
}

bool Record::Boolean(std::string_view field) const {
  if (!IsBoolean(field)) RefuseType(field, "true or false");
  return Value(field).get<bool>();
}

Record Record::Object(std::string_view field) const {
  if (!IsObject(field)) RefuseType(field, "an object");
  return {Value(field), place_};
}

std::vector<Record> Record::Objects(std::string_view field) const {
  const Json& list = Value(field);
  const auto is_object = [](const Json& entry) { return entry.is_object(); };
  if (!list.is_array() || !std::all_of(list.begin(), list.end(), is_object)) {
    RefuseType(field, "a list of objects");
  }
  std::vector<Record> records;
  for (const Json& entry : list) records.emplace_back(entry, place_);
  return records;
}

std::vector<std::string> Record::Fields() const {
  std::vector<std::string> names;
  for (const auto& entry : json_.items()) names.push_back(entry.key());
  return names;
}

void ForEachRecord(std::string_view text, std::string_view name,
                   const std::function<void(const Record&, const Fingerprint&)>& visit) {
  const bool is_array = TrimmedText(text).starts_with('[');
  for (const Piece& piece : is_array ? ArrayCutter(text, name).Elements() : Lines(text)) {
    const std::string place = fmt::format("{}:{}", name, piece.line);
    const Json json = ParsePiece(piece, place);
    const Record record(json, place);
    if (!json.is_object()) record.Refuse("expected a record in braces, {\"field\": value, ...}");
    visit(record, Hasher().Add(piece.text).Finish());
  }
}

}  // namespace upcycle
