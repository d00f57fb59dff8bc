#include "experiments/formats/config_values.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr int64_t kLargest = int64_t{1} << 31;
constexpr size_t kLongestQuote = 60;

}  // namespace

std::string QuotedJson(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, kLongestQuote);
}

ConfigValues::ConfigValues(const json& object, const fs::path& path)
    : object_(object), path_(path) {
  if (!object.is_object()) Refuse("it is not a JSON object");
}

void ConfigValues::Refuse(const std::string& what) const {
  throw Error(Cause::kInput, fmt::format("{}: {}", path_.native(), what));
}

bool ConfigValues::Has(const char* key) const {
  return object_.contains(key) && !object_[key].is_null();
}

int64_t ConfigValues::Count(const char* key, std::optional<int64_t> otherwise) const {
  if (!Has(key)) {
    if (otherwise) return *otherwise;
    Refuse(fmt::format("it has no {}", key));
  }
  const json& value = object_[key];
  if (!value.is_number_integer() || value < 1 || value > kLargest) {
    Refuse(fmt::format("{} is {}, and must be a whole number from 1 to {}", key, QuotedJson(value),
                       kLargest));
  }
  return value.get<int64_t>();
}

double ConfigValues::Number(const char* key, double otherwise) const {
  if (!Has(key)) return otherwise;
  const json& value = object_[key];
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    Refuse(fmt::format("{} is {}, and must be a number", key, QuotedJson(value)));
  }
  return value.get<double>();
}

bool ConfigValues::Flag(const char* key, bool otherwise) const {
  if (!Has(key)) return otherwise;
  if (!object_[key].is_boolean()) {
    Refuse(fmt::format("{} is {}, and must be true or false", key, QuotedJson(object_[key])));
  }
  return object_[key].get<bool>();
}

std::string ConfigValues::Text(const char* key) const {
  if (!Has(key)) return "";
  if (!object_[key].is_string()) {
    Refuse(fmt::format("{} is {}, and must be a string", key, QuotedJson(object_[key])));
  }
  return object_[key].get<std::string>();
}

ConfigValues ConfigValues::Object(const char* key) const {
  static const json kNothing = json::object();
  if (!Has(key)) return {kNothing, path_};
  if (!object_[key].is_object()) {
    Refuse(fmt::format("{} is {}, and must be an object", key, QuotedJson(object_[key])));
  }
  return {object_[key], path_};
}

}  // namespace upcycle
