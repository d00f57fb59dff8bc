// Sets one setting by its dotted path, as `--set moe.top_k=3` and the arms of a study do. Items of
// lists are numbers from 0: data.train.0.weight.
#pragma once

#include <charconv>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/node.h"
#include "core/recipe/reader.h"
#include "core/setting_paths.h"

namespace upcycle {

// A dotted path as somebody wrote it: every step has its own place.
struct SettingPath {
  struct Step {
    std::string name;
    Place place;
  };
  std::vector<Step> steps;

  const Place& place() const { return steps.front().place; }
  std::string ToString() const;
  bool operator==(const SettingPath& other) const { return ToString() == other.ToString(); }
};

// Takes a dotted path apart that begins at `place`; an override has one place for all of it.
SettingPath ParsePath(std::string_view dotted, const Place& place);

// Field types that hold paths themselves (`parameters`, `baseline`): what a longer path names is
// set inside them.
template <typename V>
inline constexpr bool kTakesPaths = false;

// Reads the node into the setting that the path names. Returns the full path of what was set, its
// shorthand resolved (`upcycle` with the value `copy` is `upcycle.method`), or "" where there is no
// such setting, which is a diagnostic then.
template <typename T>
std::string SetAt(T& settings, std::span<const SettingPath::Step> steps, const Node& node,
                  const std::string& parent, const Reading& reading);

template <typename T>
std::string SetAt(T& settings, const SettingPath& path, const Node& node, const Reading& reading) {
  return SetAt(settings, std::span(path.steps), node, "", reading);
}

// ------------------------------------------------------------------------------------------------

namespace internal {

// {"moe.top_k": node}
Node WrapInPath(std::span<const SettingPath::Step> steps, const Node& node);

void AddNotAMapping(const SettingPath::Step& step, const std::string& path, const Reading& reading);

void AddNoValue(const Node& node, const std::string& path, const Reading& reading);

// The index that a step names, or nothing and a diagnostic.
std::optional<size_t> IndexOf(const SettingPath::Step& step, size_t size, const std::string& list,
                              const Reading& reading);

class PathSetter {
 public:
  PathSetter(std::span<const SettingPath::Step> steps, const Node& node, const std::string& parent,
             const Reading& reading)
      : head_(steps.front()),
        rest_(steps.subspan(1)),
        node_(node),
        parent_(parent),
        reading_(reading) {}

  bool found() const { return found_; }
  const std::string& path_set() const { return path_set_; }
  const std::vector<std::string>& keys() const { return keys_; }

  void Shorthand(const char*) {}

  template <typename V>
  void Field(const char* name, V& value, const FieldInfo& info) {
    if (!IsHead(name)) return;
    const std::string path = JoinPath(parent_, name);
    if (!rest_.empty() && !kTakesPaths<V>) return AddNotAMapping(rest_.front(), path, reading_);
    reading_.places.RecordValue(path, node_);
    const FieldContext field{path, info, reading_.diagnostics};
    const bool valid = ReadValue(rest_.empty() ? node_ : WrapInPath(rest_, node_), value, field);
    if (!valid) reading_.places.MarkWrong(path);
    path_set_ = path;
  }

  // What the field `name`, where it was set, means for those behind it.
  template <typename Body>
  void Implies(const char* name, const Body& body) {
    if (name == head_.name) body();
  }

  template <typename T>
  void Group(const char* name, T& settings, const char*) {
    if (!IsHead(name)) return;
    const std::string path = JoinPath(parent_, name);
    if (!rest_.empty()) {
      path_set_ = SetAt(settings, rest_, node_, path, reading_);
      return;
    }
    if (node_.IsNull()) return AddNoValue(node_, path, reading_);
    reading_.places.Record(path, head_.place);
    ReadMapping(node_, settings, path, reading_);
    path_set_ = node_.IsMapping() ? path : JoinPath(path, ShorthandOf<T>());
  }

  template <typename T>
  void List(const char* name, std::vector<T>& list, const char*) {
    if (!IsHead(name)) return;
    const std::string path = JoinPath(parent_, name);
    if (rest_.empty()) {
      ReadMappings(node_, list, path, reading_);
      path_set_ = path;
      return;
    }
    const std::optional<size_t> index = IndexOf(rest_.front(), list.size(), path, reading_);
    if (!index) return;
    const std::string item = JoinPath(path, rest_.front().name);
    if (rest_.size() > 1) {
      path_set_ = SetAt(list[*index], rest_.subspan(1), node_, item, reading_);
      return;
    }
    ReadMapping(node_, list[*index], item, reading_);
    path_set_ = item;
  }

 private:
  struct ShorthandFinder {
    std::string_view name;
    void Shorthand(const char* field) { name = field; }
    template <typename V>
    void Field(const char*, const V&, const FieldInfo&) {}
    template <typename V>
    void Group(const char*, const V&, const char*) {}
    template <typename V>
    void List(const char*, const V&, const char*) {}
  };
  template <typename T>
  static std::string_view ShorthandOf() {
    ShorthandFinder finder;
    const T settings;
    T::Describe(settings, finder);
    return finder.name;
  }

  bool IsHead(std::string_view name) {
    keys_.emplace_back(name);
    if (name != head_.name) return false;
    return found_ = true;
  }

  const SettingPath::Step& head_;
  std::span<const SettingPath::Step> rest_;
  const Node& node_;
  const std::string& parent_;
  const Reading& reading_;
  std::vector<std::string> keys_;
  std::string path_set_;
  bool found_ = false;
};

}  // namespace internal

template <typename T>
std::string SetAt(T& settings, std::span<const SettingPath::Step> steps, const Node& node,
                  const std::string& parent, const Reading& reading) {
  internal::PathSetter setter(steps, node, parent, reading);
  T::Describe(settings, setter);
  const SettingPath::Step& head = steps.front();
  if (!setter.found()) AddUnknownKey(head.place, parent, head.name, setter.keys(), reading);
  return setter.path_set();
}

}  // namespace upcycle
