#include "core/foreign_json.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr size_t kDeepest = 100;
constexpr size_t kMostBytes = 100'000'000;
// Of what the JSON library says, which quotes the text.
constexpr size_t kLongestMessage = 200;

class MistakeFinder : public nlohmann::json_sax<json> {
 public:
  const std::string& mistake() const { return mistake_; }  // empty: none was found

  bool key(std::string& name) override {
    return open_.back().insert(name).second ||
           Fail(fmt::format("it has the key \"{}\" twice", name));
  }
  bool start_object(size_t) override { return Begin(); }
  bool end_object() override { return End(); }
  bool start_array(size_t) override { return Begin(); }
  bool end_array() override { return End(); }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool parse_error(size_t, const std::string&, const json::exception& error) override {
    return Fail(JsonProblem(error).substr(0, kLongestMessage));
  }

 private:
  bool Begin() {
    if (open_.size() == kDeepest) return Fail("it is nested too deeply");
    open_.emplace_back();
    return true;
  }
  bool End() {
    open_.pop_back();
    return true;
  }
  bool Fail(std::string mistake) {
    mistake_ = std::move(mistake);
    return false;
  }

  std::vector<std::unordered_set<std::string>> open_;  // the keys of each object around
  std::string mistake_;
};

}  // namespace

std::string JsonProblem(const std::exception& error) {
  const std::string_view said = error.what();
  const size_t end = said.starts_with('[') ? said.find("] ") : said.npos;
  return std::string(end == said.npos ? said : said.substr(end + 2));
}

std::string MistakeInJson(std::string_view text) {
  MistakeFinder finder;
  json::sax_parse(text, &finder);
  return finder.mistake();
}

json ParseForeignJson(std::string_view text, std::string_view file) {
  const std::string mistake = MistakeInJson(text);
  if (mistake.empty()) return json::parse(text);
  throw Error(Cause::kInput, fmt::format("{} is damaged: {}; fetch it again", file, mistake));
}

json ReadForeignJson(const fs::path& path) {
  return ParseForeignJson(ReadTextFile(path, kMostBytes), path.native());
}

}  // namespace upcycle
