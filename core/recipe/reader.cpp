#include "core/recipe/reader.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/setting_paths.h"
#include "core/spelling.h"

namespace upcycle {
namespace {

std::string_view LastStep(std::string_view path) { return path.substr(path.rfind('.') + 1); }

size_t CommonPrefix(std::string_view a, std::string_view b) {
  return std::mismatch(a.begin(), a.begin() + std::min(a.size(), b.size()), b.begin()).first -
         a.begin();
}

// The path of a key of another part of the recipe, preferably one near `parent`: the key itself,
// else one that is spelt like it.
std::optional<std::string> FindElsewhere(std::string_view parent, std::string_view key,
                                         const std::vector<std::string>& known_paths) {
  std::vector<std::string> names;
  for (const std::string& path : known_paths) names.emplace_back(LastStep(path));
  const bool is_known = std::find(names.begin(), names.end(), key) != names.end();
  const auto name = is_known ? std::string(key) : ClosestWord(key, names);
  if (!name) return std::nullopt;
  const auto rank = [&](const std::string& path) {
    return std::tuple(CommonPrefix(path, parent), -static_cast<int64_t>(path.size()));
  };
  const std::string* best = nullptr;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] != name) continue;
    if (best == nullptr || rank(known_paths[i]) > rank(*best)) best = &known_paths[i];
  }
  return *best;
}

// "moe.top_k" as "moe: {top_k: …}".
std::string Nested(std::string_view path) {
  std::string nested, closing;
  for (size_t dot = path.find('.'); dot != path.npos; dot = path.find('.')) {
    nested += fmt::format("{}: {{", path.substr(0, dot));
    closing += '}';
    path.remove_prefix(dot + 1);
  }
  return fmt::format("{}{}: …{}", nested, path, closing);
}

}  // namespace

std::optional<Place> Places::Find(std::string_view path) const {
  while (true) {
    if (const auto found = places_.find(path); found != places_.end()) return found->second;
    if (path.empty()) return std::nullopt;
    const size_t dot = path.rfind('.');
    path = path.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
}

bool Places::IsAnyWrong(std::string_view path) const {
  const std::string inside = std::string(path) + ".";
  const auto next = wrong_.lower_bound(inside);
  return IsWrong(path) || (next != wrong_.end() && next->starts_with(inside));
}

void Places::RecordValue(const std::string& path, const Node& node) {
  Record(path, node.place);
  if (!node.IsSequence()) return;
  ForgetInside(path);
  for (size_t i = 0; i < node.items.size(); ++i) {
    Record(JoinPath(path, std::to_string(i)), node.items[i].place);
  }
}

void Places::ForgetInside(const std::string& path) {
  const std::string prefix = path + ".";
  std::erase_if(places_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

void AddUnknownKey(const Place& place, std::string_view parent, std::string_view key,
                   const std::vector<std::string>& own_keys, const Reading& reading) {
  const std::string_view where = parent.empty() ? reading.whole : parent;
  const std::string message = fmt::format("there is no key \"{}\" in {}", key, where);
  const std::string whole = JoinPath(parent, key);
  const auto& known = reading.known_paths;
  if (key.find('.') != key.npos && std::find(known.begin(), known.end(), whole) != known.end()) {
    reading.diagnostics.Error(place, message, "nested keys: " + Nested(key));
    return;
  }
  std::optional<std::string> meant = ClosestWord(key, own_keys);
  if (meant) {
    reading.places.MarkWrong(JoinPath(parent, *meant));
  } else {
    meant = FindElsewhere(parent, key, reading.known_paths);
    if (meant) reading.places.MarkWrong(*meant);
  }
  const std::string suggestion = meant.value_or("");
  if (suggestion == key) {  // one of the recipe itself, spelt rightly
    const std::string_view top = parent.substr(0, parent.find('.'));
    const std::string expected = fmt::format("\"{}\" at the top level, beside \"{}\"", key, top);
    return reading.diagnostics.Error(place, message, expected);
  }
  const std::string expected = meant ? "" : OneOf(own_keys);
  reading.diagnostics.Error(place, message, expected, suggestion);
}

namespace internal {

const Node* MappingReader::FindValue(std::string_view key) const {
  const auto found = std::find_if(node_.entries.begin(), node_.entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == node_.entries.end() ? nullptr : &found->value;
}

void MappingReader::ReadFile(const std::function<void()>& read, const std::string& path,
                             const Node& node) {
  try {
    read();
  } catch (const Error& error) {
    if (error.cause() != Cause::kInput && error.cause() != Cause::kDisk) throw;
    reading_.diagnostics.Error(node.place, error.what());
    reading_.places.MarkWrong(path);
  }
}

const Entry* MappingReader::Take(const char* name) {
  keys_.emplace_back(name);
  for (size_t i = 0; i < node_.entries.size(); ++i) {
    if (node_.entries[i].key != name) continue;
    used_[i] = true;
    return &node_.entries[i];
  }
  return nullptr;
}

void MappingReader::Finish() const {
  if (!node_.IsMapping()) {
    if (!node_.IsNull() && shorthand_.empty()) {
      const FieldInfo info;
      const std::string name(path_.empty() ? reading_.whole : path_);
      AddWrongValue(node_, {name, info, reading_.diagnostics},
                    fmt::format("a mapping with keys among {}", fmt::join(keys_, ", ")));
    }
    return;
  }
  for (size_t i = 0; i < used_.size(); ++i) {
    const Entry& entry = node_.entries[i];
    if (!used_[i]) AddUnknownKey(entry.place, path_, entry.key, keys_, reading_);
  }
}

}  // namespace internal
}  // namespace upcycle
