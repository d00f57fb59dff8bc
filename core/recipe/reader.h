// Reads YAML on top of settings: what a mapping names is set, what it leaves out stays, so that a
// recipe is a difference from its base. Every key must be known, and every place is remembered.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/diagnostics.h"
#include "core/recipe/fields.h"
#include "core/recipe/file_readers.h"
#include "core/recipe/node.h"
#include "core/recipe/values.h"
#include "core/setting_paths.h"

namespace upcycle {

// Where each setting was written, the latest place of each, and which could not be read.
class Places {
 public:
  void Record(const std::string& path, const Place& place) { places_[path] = place; }
  // Also the items of a list, as path.0, path.1, …
  void RecordValue(const std::string& path, const Node& node);
  // Forgets everything inside a list that is replaced.
  void ForgetInside(const std::string& path);
  void Forget(const std::string& path) { places_.erase(path); }
  // The place of a path, else that of the closest mapping around it; empty if nothing was written.
  std::optional<Place> Find(std::string_view path) const;
  bool Has(std::string_view path) const { return places_.contains(path); }

  // A setting whose value is not what somebody wanted: nothing should be concluded from it.
  void MarkWrong(const std::string& path) { wrong_.insert(path); }
  bool IsWrong(std::string_view path) const { return wrong_.contains(path); }
  // Whether the setting or anything inside it is wrong.
  bool IsAnyWrong(std::string_view path) const;

 private:
  std::map<std::string, Place, std::less<>> places_;
  std::set<std::string, std::less<>> wrong_;
};

// All paths of a settings struct, mappings included: "moe", "moe.top_k", …
template <typename T>
std::vector<std::string> PathsOf();

// What each reading shares.
struct Reading {
  Diagnostics& diagnostics;
  Places& places;
  const std::vector<std::string>& known_paths;  // for "did you mean"
  std::string_view whole = "a recipe";          // what the root is called
  const FileReaders* readers = nullptr;         // null: nothing that is named is read
};

// Adds that `parent` has no such key, with the key that was probably meant: one of its own, or one
// of another part of the recipe.
void AddUnknownKey(const Place& place, std::string_view parent, std::string_view key,
                   const std::vector<std::string>& own_keys, const Reading& reading);

// Reads a mapping, or the shorthand of one. Where there is no shorthand, nothing at all is an empty
// mapping: a section whose keys are commented out.
template <typename T>
void ReadMapping(const Node& node, T& settings, const std::string& path, const Reading& reading);

// Reads a list of mappings in place of what the list held.
template <typename T>
void ReadMappings(const Node& node, std::vector<T>& list, const std::string& path,
                  const Reading& reading);

// ------------------------------------------------------------------------------------------------

namespace internal {

class PathCollector {
 public:
  PathCollector(std::string parent, std::vector<std::string>& paths)
      : parent_(std::move(parent)), paths_(paths) {}

  void Shorthand(const char*) {}
  template <typename V>
  void Field(const char* name, const V&, const FieldInfo&) {
    paths_.push_back(JoinPath(parent_, name));
  }
  template <typename T>
  void Group(const char* name, const T& settings, const char*) {
    paths_.push_back(JoinPath(parent_, name));
    PathCollector inner(paths_.back(), paths_);
    T::Describe(settings, inner);
  }
  template <typename T>
  void List(const char* name, const std::vector<T>&, const char*) {
    paths_.push_back(JoinPath(parent_, name));
  }

 private:
  std::string parent_;
  std::vector<std::string>& paths_;
};

class MappingReader {
 public:
  MappingReader(const Node& node, const std::string& path, const Reading& reading)
      : node_(node), path_(path), reading_(reading), used_(node.entries.size()) {}

  void Shorthand(const char* name) { shorthand_ = name; }

  template <typename V>
  void Field(const char* name, V& value, const FieldInfo& info) {
    const std::string path = JoinPath(path_, name);
    const Node* node = IsShorthandFor(name) ? &node_ : ValueOf(Take(name));
    if (node == nullptr) return;
    reading_.places.RecordValue(path, *node);
    const FieldContext field{path, info, reading_.diagnostics};
    if (!ReadValue(*node, value, field)) reading_.places.MarkWrong(path);
  }
  // Where the field `name` was written and `path`, its value, is no empty one, what lies there
  // decides the settings that it is a field of, those behind it first.
  template <typename T>
  void ImpliesFile(const char* name, const std::string& path, T& settings) {
    const Node* node = IsShorthandFor(name) ? &node_ : FindValue(name);
    if (node == nullptr || path.empty() || reading_.readers == nullptr) return;
    ReadFile([&] { reading_.readers->Read(path, settings); }, JoinPath(path_, name), *node);
  }
  // What the field `name`, where it was written, means for those behind it.
  template <typename Body>
  void Implies(const char* name, const Body& body) {
    if (IsShorthandFor(name) || Has(name)) body();
  }
  template <typename T>
  void Group(const char* name, T& settings, const char*) {
    const Entry* entry = Take(name);
    if (entry == nullptr) return;
    const std::string path = JoinPath(path_, name);
    reading_.places.Record(path, entry->place);
    ReadMapping(entry->value, settings, path, reading_);
  }
  template <typename T>
  void List(const char* name, std::vector<T>& list, const char*) {
    if (const Node* node = ValueOf(Take(name))) {
      ReadMappings(*node, list, JoinPath(path_, name), reading_);
    }
  }

  // Diagnoses what is neither a known key nor a shorthand.
  void Finish() const;

 private:
  bool IsShorthandFor(std::string_view name) const {
    return !node_.IsMapping() && shorthand_ == name;
  }
  static const Node* ValueOf(const Entry* entry) { return entry ? &entry->value : nullptr; }
  bool Has(std::string_view key) const { return FindValue(key) != nullptr; }
  const Node* FindValue(std::string_view key) const;
  // What goes wrong in reading is a mistake of the node's.
  void ReadFile(const std::function<void()>& read, const std::string& path, const Node& node);
  // The entry of a key, which is known from now on.
  const Entry* Take(const char* name);

  const Node& node_;
  const std::string& path_;
  const Reading& reading_;
  std::string_view shorthand_;
  std::vector<bool> used_;
  std::vector<std::string> keys_;
};

}  // namespace internal

template <typename T>
std::vector<std::string> PathsOf() {
  std::vector<std::string> paths;
  internal::PathCollector collector("", paths);
  const T settings;
  T::Describe(settings, collector);
  return paths;
}

template <typename T>
void ReadMapping(const Node& node, T& settings, const std::string& path, const Reading& reading) {
  internal::MappingReader reader(node, path, reading);
  T::Describe(settings, reader);
  reader.Finish();
}

template <typename T>
void ReadMappings(const Node& node, std::vector<T>& list, const std::string& path,
                  const Reading& reading) {
  reading.places.Record(path, node.place);
  if (!node.IsSequence()) {
    const FieldInfo info;
    AddWrongValue(node, {path, info, reading.diagnostics}, "a list of mappings");
    reading.places.MarkWrong(path);
    return;
  }
  list.assign(node.items.size(), T{});
  reading.places.ForgetInside(path);
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string item = JoinPath(path, std::to_string(i));
    reading.places.Record(item, node.items[i].place);
    ReadMapping(node.items[i], list[i], item, reading);
  }
}

}  // namespace upcycle
