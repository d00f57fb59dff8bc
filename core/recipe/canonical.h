// Settings as JSON: the canonical form that is hashed, what workers receive, and the differences
// between two arms. Keys are sorted, numbers are the shortest that read back to the same bits, so
// equal settings give equal bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/recipe/fields.h"
#include "core/setting_changes.h"
#include "core/setting_paths.h"

namespace upcycle {

// Every field.
template <typename T>
nlohmann::json AllSettings(const T& settings);

// The fields that decide the result; a mapping without one is left out, and so is a field that came
// later (FieldInfo) while it has its default.
template <typename T>
nlohmann::json ResultSettings(const T& settings);

// Reads what AllSettings or ResultSettings wrote; what is missing keeps its default. Throws
// Error(kInput) for a key that is not known and for a value of the wrong type: the settings come
// from another version of the program.
template <typename T>
T SettingsFromJson(const nlohmann::json& json);

// One setting, "moe.top_k", or a whole mapping, "moe"; null if there is none at this path.
template <typename T>
nlohmann::json SettingAt(const T& settings, std::string_view path);

// Where the second is not as the first.
template <typename T>
std::vector<SettingChange> Differences(const T& a, const T& b) {
  return ChangesBetween(AllSettings(a), AllSettings(b));
}

nlohmann::json ToJson(bool value);
nlohmann::json ToJson(int64_t value);
nlohmann::json ToJson(double value);
nlohmann::json ToJson(const std::string& value);
nlohmann::json ToJson(const CapacityFactor& value);
nlohmann::json ToJson(const LayerSelection& value);
nlohmann::json ToJson(const std::vector<int64_t>& value);
nlohmann::json ToJson(const std::vector<std::string>& value);
template <NamedEnum E>
nlohmann::json ToJson(E value) {
  return std::string(NameOf(value));
}

// ------------------------------------------------------------------------------------------------

namespace internal {

// Throws Error(kInput).
[[noreturn]] void ThrowUnexpected(const std::string& path, const nlohmann::json& json);

void FromJson(const nlohmann::json& json, bool& value, const std::string& path);
void FromJson(const nlohmann::json& json, int64_t& value, const std::string& path);
void FromJson(const nlohmann::json& json, double& value, const std::string& path);
void FromJson(const nlohmann::json& json, std::string& value, const std::string& path);
void FromJson(const nlohmann::json& json, CapacityFactor& value, const std::string& path);
void FromJson(const nlohmann::json& json, LayerSelection& value, const std::string& path);
void FromJson(const nlohmann::json& json, std::vector<int64_t>& value, const std::string& path);
void FromJson(const nlohmann::json& json, std::vector<std::string>& value, const std::string& path);
template <NamedEnum E>
void FromJson(const nlohmann::json& json, E& value, const std::string& path) {
  const std::optional<E> named =
      json.is_string() ? ValueNamed<E>(json.get_ref<const std::string&>()) : std::nullopt;
  if (!named) ThrowUnexpected(path, json);
  value = *named;
}

class JsonWriter {
 public:
  using Defaults = nlohmann::json (*)();
  JsonWriter(bool only_results, Defaults defaults)
      : only_results_(only_results), defaults_(defaults) {}

  nlohmann::json Take() { return std::move(json_); }

  void Shorthand(const char*) {}
  template <typename V>
  void Field(const char* name, const V& value, const FieldInfo& info) {
    if (only_results_ && info.effect != Effect::kResult) return;
    nlohmann::json json = ToJson(value);
    if (only_results_ && info.added_later && json == defaults_().at(name)) return;
    json_[name] = std::move(json);
  }
  template <typename T>
  void Group(const char* name, const T& settings, const char*) {
    nlohmann::json group = Write(settings, only_results_);
    if (!only_results_ || !group.empty()) json_[name] = std::move(group);
  }
  template <typename T>
  void List(const char* name, const std::vector<T>& list, const char*) {
    nlohmann::json& items = json_[name] = nlohmann::json::array();
    for (const T& item : list) items.push_back(Write(item, only_results_));
  }

  template <typename T>
  static nlohmann::json Write(const T& settings, bool only_results) {
    JsonWriter writer(only_results, [] { return Write(T{}, false); });
    T::Describe(settings, writer);
    return writer.Take();
  }

 private:
  bool only_results_;
  Defaults defaults_;
  nlohmann::json json_ = nlohmann::json::object();
};

class JsonReader {
 public:
  JsonReader(const nlohmann::json& json, std::string path) : json_(json), path_(std::move(path)) {
    if (!json.is_object()) ThrowUnexpected(path_, json);
  }

  void Shorthand(const char*) {}
  template <typename V>
  void Field(const char* name, V& value, const FieldInfo&) {
    if (const nlohmann::json* json = Find(name)) FromJson(*json, value, PathOf(name));
  }
  template <typename T>
  void Group(const char* name, T& settings, const char*) {
    if (const nlohmann::json* json = Find(name)) Read(*json, settings, PathOf(name));
  }
  template <typename T>
  void List(const char* name, std::vector<T>& list, const char*) {
    const nlohmann::json* json = Find(name);
    if (json == nullptr) return;
    if (!json->is_array()) ThrowUnexpected(PathOf(name), *json);
    list.assign(json->size(), T{});
    for (size_t i = 0; i < list.size(); ++i) Read((*json)[i], list[i], PathOf(name));
  }

  template <typename T>
  static void Read(const nlohmann::json& json, T& settings, const std::string& path) {
    JsonReader reader(json, path);
    T::Describe(settings, reader);
    if (reader.found_ != json.size()) reader.ThrowUnknownKey();
  }

 private:
  std::string PathOf(const char* name) const { return JoinPath(path_, name); }
  const nlohmann::json* Find(const char* name) {
    known_.emplace_back(name);
    const auto found = json_.find(name);
    if (found == json_.end()) return nullptr;
    ++found_;
    return &*found;
  }
  [[noreturn]] void ThrowUnknownKey() const;

  const nlohmann::json& json_;
  std::string path_;
  std::vector<std::string> known_;
  size_t found_ = 0;
};

class SettingFinder {
 public:
  explicit SettingFinder(std::string_view path)
      : head_(path.substr(0, path.find('.'))),
        rest_(head_.size() < path.size() ? path.substr(head_.size() + 1) : std::string_view()) {}

  nlohmann::json Take() { return std::move(json_); }

  void Shorthand(const char*) {}
  template <typename V>
  void Field(const char* name, const V& value, const FieldInfo&) {
    if (name == head_ && rest_.empty()) json_ = ToJson(value);
  }
  template <typename T>
  void Group(const char* name, const T& settings, const char*) {
    if (name == head_) json_ = rest_.empty() ? AllSettings(settings) : SettingAt(settings, rest_);
  }
  template <typename T>
  void List(const char* name, const std::vector<T>& list, const char*) {
    if (name == head_) json_ = At(list);
  }

 private:
  template <typename T>
  nlohmann::json At(const std::vector<T>& list) const {
    if (rest_.empty()) {
      nlohmann::json items = nlohmann::json::array();
      for (const T& item : list) items.push_back(AllSettings(item));
      return items;
    }
    const size_t dot = rest_.find('.');
    for (size_t i = 0; i < list.size(); ++i) {
      if (std::to_string(i) != rest_.substr(0, dot)) continue;
      return dot == rest_.npos ? AllSettings(list[i]) : SettingAt(list[i], rest_.substr(dot + 1));
    }
    return nullptr;
  }

  std::string_view head_;
  std::string_view rest_;
  nlohmann::json json_;
};

}  // namespace internal

template <typename T>
nlohmann::json AllSettings(const T& settings) {
  return internal::JsonWriter::Write(settings, false);
}

template <typename T>
nlohmann::json ResultSettings(const T& settings) {
  return internal::JsonWriter::Write(settings, true);
}

template <typename T>
T SettingsFromJson(const nlohmann::json& json) {
  T settings;
  internal::JsonReader::Read(json, settings, "");
  return settings;
}

template <typename T>
nlohmann::json SettingAt(const T& settings, std::string_view path) {
  internal::SettingFinder finder(path);
  T::Describe(settings, finder);
  return finder.Take();
}

}  // namespace upcycle
