#include "core/recipe/path.h"

#include <fmt/format.h>

#include "core/setting_paths.h"
#include "core/utf8.h"

namespace upcycle {

std::string SettingPath::ToString() const {
  std::string text;
  for (const Step& step : steps) text = JoinPath(text, step.name);
  return text;
}

SettingPath ParsePath(std::string_view dotted, const Place& place) {
  SettingPath path;
  Place at = place;
  while (true) {
    const size_t dot = dotted.find('.');
    const std::string_view name = dotted.substr(0, dot);
    path.steps.push_back({std::string(name), at});
    if (dot == std::string_view::npos) return path;
    at = at.After(CountCharacters(name) + 1);
    dotted.remove_prefix(dot + 1);
  }
}

namespace internal {

Node WrapInPath(std::span<const SettingPath::Step> steps, const Node& node) {
  std::string dotted;
  for (const SettingPath::Step& step : steps) dotted = JoinPath(dotted, step.name);
  Node mapping;
  mapping.kind = Node::Kind::kMapping;
  mapping.place = steps.front().place;
  mapping.entries.push_back({dotted, steps.front().place, false, node});
  return mapping;
}

void AddNotAMapping(const SettingPath::Step& step, const std::string& path,
                    const Reading& reading) {
  reading.diagnostics.Error(step.place,
                            fmt::format("there is no key \"{}\" in {}", step.name, path),
                            fmt::format("{} alone: it is a value", path));
}

void AddNoValue(const Node& node, const std::string& path, const Reading& reading) {
  const FieldInfo info;
  AddWrongValue(node, {path, info, reading.diagnostics}, "a value, or a mapping of settings");
}

std::optional<size_t> IndexOf(const SettingPath::Step& step, size_t size, const std::string& list,
                              const Reading& reading) {
  size_t index = 0;
  const char* end = step.name.data() + step.name.size();
  const auto result = std::from_chars(step.name.data(), end, index);
  if (result.ec == std::errc() && result.ptr == end && index < size) return index;
  reading.diagnostics.Error(
      step.place, fmt::format("there is no item \"{}\" in {}", step.name, list),
      size == 0 ? "a list that has items" : fmt::format("a number from 0 to {}", size - 1));
  return std::nullopt;
}

}  // namespace internal
}  // namespace upcycle
