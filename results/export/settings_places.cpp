#include "results/export/settings_places.h"

#include <string>

#include "core/files.h"

namespace upcycle {
namespace {

std::string WithoutPlace(const std::string& text) {
  const size_t begin = text.starts_with('!') ? 1 : 0;
  if (!text.substr(begin).starts_with('/')) return text;
  const fs::path path = text.substr(begin);
  const fs::path known = path.parent_path().filename() / path.filename();
  return text.substr(0, begin) + "…/" + known.native();
}

}  // namespace

nlohmann::json WithoutPlaces(nlohmann::json settings) {
  if (settings.is_string()) return WithoutPlace(settings.get<std::string>());
  if (!settings.is_structured()) return settings;
  for (auto& value : settings) value = WithoutPlaces(std::move(value));
  return settings;
}

}  // namespace upcycle
