#include "core/data/json_lines.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/utf8.h"

namespace upcycle {
namespace {

using nlohmann::json;

// Follows one line without holding more of it than the text: values under other keys are passed
// over as they come, however deep they are nested.
class LineReader final : public nlohmann::json_sax<json> {
 public:
  explicit LineReader(const std::string& text_key) : text_key_(text_key) {}

  // What is wrong with the line; empty if nothing is.
  const std::string& mistake() const { return mistake_; }
  const std::string& text() const { return text_; }

  bool null() override { return PassOver("null"); }
  bool boolean(bool) override { return PassOver("a truth value"); }
  bool number_integer(number_integer_t) override { return PassOver("a number"); }
  bool number_unsigned(number_unsigned_t) override { return PassOver("a number"); }
  bool number_float(number_float_t, const string_t&) override { return PassOver("a number"); }
  bool binary(binary_t&) override { return PassOver("bytes"); }
  bool string(string_t& value) override {
    if (!IsText()) return PassOver("a text");
    if (found_) return Refuse(fmt::format("has \"{}\" twice", text_key_));
    found_ = true;
    text_ = std::move(value);
    return true;
  }
  bool start_object(size_t) override {
    if (depth_ > 0 && !PassOver("an object")) return false;
    ++depth_;
    return true;
  }
  bool end_object() override { return Leave(); }
  bool start_array(size_t) override {
    if (!PassOver("a list")) return false;
    ++depth_;
    return true;
  }
  bool end_array() override { return Leave(); }
  bool key(string_t& name) override {
    if (depth_ == 1) at_text_ = name == text_key_;
    return true;
  }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    // nlohmann-json names a surrogate that lacks its other half; everything else shows.
    const bool surrogate = std::string_view(error.what()).find("surrogate") != std::string::npos;
    return Refuse(fmt::format("is not JSON at its byte {}{}", position,
                              surrogate ? ": half of a surrogate pair is no character" : ""));
  }

  bool Finish() {
    if (!mistake_.empty()) return false;
    if (found_) return true;
    return Refuse(
        fmt::format("has no \"{}\"; text_key names the key that holds the text", text_key_));
  }

 private:
  bool IsText() const { return depth_ == 1 && at_text_; }

  bool PassOver(const char* what) {
    if (depth_ == 0) return Refuse(fmt::format("is {} and not an object", what));
    if (IsText()) return Refuse(fmt::format("has {} under \"{}\", not a text", what, text_key_));
    return true;
  }

  bool Leave() {
    --depth_;
    return true;
  }

  bool Refuse(std::string mistake) {
    if (mistake_.empty()) mistake_ = std::move(mistake);
    return false;
  }

  const std::string& text_key_;
  size_t depth_ = 0;
  bool at_text_ = false;  // the last key of the outermost object is the text's
  bool found_ = false;
  std::string text_;
  std::string mistake_;
};

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

// Why a line is not read; `text` gets its document.
std::string ReadLine(std::string_view line, const std::string& text_key, std::string& text) {
  if (line.size() > kLongestJsonLine) {
    return fmt::format("has {} bytes, more than {}; divide the document", line.size(),
                       kLongestJsonLine);
  }
  if (const size_t valid = ValidUtf8Prefix(line); valid < line.size()) {
    return fmt::format("is not UTF-8 (its byte {} is 0x{:02X})", valid + 1,
                       static_cast<unsigned char>(line[valid]));
  }
  LineReader reader(text_key);
  json::sax_parse(line.begin(), line.end(), &reader);
  if (!reader.Finish()) return reader.mistake();
  text = reader.text();
  return "";
}

}  // namespace

void JsonLines::Visit(const fs::path& path, std::string_view text,
                      const Corpus::Visitor& visit) const {
  std::string document;
  int64_t number = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    ++number;
    if (IsBlank(line)) continue;
    const std::string mistake = ReadLine(line, text_key_, document);
    if (!mistake.empty()) {
      throw Error(Cause::kInput, fmt::format("{}:{}: the line {}", path.native(), number, mistake));
    }
    if (!document.empty()) visit(document);
  }
}

}  // namespace upcycle
