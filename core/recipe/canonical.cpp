#include "core/recipe/canonical.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/setting_paths.h"

namespace upcycle {

using nlohmann::json;

json ToJson(bool value) { return value; }
json ToJson(int64_t value) { return value; }
json ToJson(double value) { return value; }
json ToJson(const std::string& value) { return value; }
json ToJson(const std::vector<int64_t>& value) { return value; }
json ToJson(const std::vector<std::string>& value) { return value; }

json ToJson(const CapacityFactor& value) {
  return value.dropless() ? json("dropless") : json(*value.factor);
}

json ToJson(const LayerSelection& value) {
  switch (value.kind) {
    case LayerSelection::Kind::kAll:
      return "all";
    case LayerSelection::Kind::kEveryOther:
      return "every_other";
    case LayerSelection::Kind::kList:
      break;
  }
  return value.layers;
}

namespace internal {

void ThrowUnexpected(const std::string& path, const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 60) + "...";
  throw Error(
      Cause::kInput,
      fmt::format("settings in JSON: {} cannot be {}; were they written by another version?",
                  path.empty() ? "the whole" : path, text));
}

void JsonReader::ThrowUnknownKey() const {
  for (const auto& [key, value] : json_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    throw Error(Cause::kInput,
                fmt::format("settings in JSON: the key \"{}\" is not known; were they written by "
                            "another version?",
                            JoinPath(path_, key)));
  }
  throw Error(Cause::kBug, "settings in JSON: no unknown key found");
}

void FromJson(const json& value, bool& out, const std::string& path) {
  if (!value.is_boolean()) ThrowUnexpected(path, value);
  out = value.get<bool>();
}

void FromJson(const json& value, int64_t& out, const std::string& path) {
  const bool too_large =
      value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  if (!value.is_number_integer() || too_large) ThrowUnexpected(path, value);
  out = value.get<int64_t>();
}

void FromJson(const json& value, double& out, const std::string& path) {
  if (!value.is_number()) ThrowUnexpected(path, value);
  out = value.get<double>();
}

void FromJson(const json& value, std::string& out, const std::string& path) {
  if (!value.is_string()) ThrowUnexpected(path, value);
  out = value.get<std::string>();
}

void FromJson(const json& value, CapacityFactor& out, const std::string& path) {
  out.factor.reset();
  if (value == "dropless") return;
  FromJson(value, out.factor.emplace(), path);
}

void FromJson(const json& value, LayerSelection& out, const std::string& path) {
  if (value == "all") {
    out = {LayerSelection::Kind::kAll, {}};
  } else if (value == "every_other") {
    out = {LayerSelection::Kind::kEveryOther, {}};
  } else {
    out.kind = LayerSelection::Kind::kList;
    FromJson(value, out.layers, path);
  }
}

void FromJson(const json& value, std::vector<int64_t>& out, const std::string& path) {
  if (!value.is_array()) ThrowUnexpected(path, value);
  out.assign(value.size(), 0);
  for (size_t i = 0; i < out.size(); ++i) FromJson(value[i], out[i], path);
}

void FromJson(const json& value, std::vector<std::string>& out, const std::string& path) {
  if (!value.is_array()) ThrowUnexpected(path, value);
  out.assign(value.size(), {});
  for (size_t i = 0; i < out.size(); ++i) FromJson(value[i], out[i], path);
}

}  // namespace internal
}  // namespace upcycle
