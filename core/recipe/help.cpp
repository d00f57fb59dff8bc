#include "core/recipe/help.h"

#include <iterator>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/recipe/canonical.h"
#include "core/recipe/reader.h"
#include "core/recipe/recipe_file.h"
#include "core/setting_paths.h"

namespace upcycle {
namespace {

template <typename V>
concept HasJson = requires(const V& value) {
  ToJson(value);
};

template <typename V>
std::string DefaultText(const V& value) {
  if constexpr (HasJson<V>) {
    const std::string text = SettingText(ToJson(value));
    if (!text.empty() && text != "[]") return ": " + text;
  }
  return {};
}

class HelpWriter {
 public:
  HelpWriter(std::string parent, std::string& text) : parent_(std::move(parent)), text_(text) {}

  void Shorthand(const char* name) {
    Print("    `{}: …` is short for `{}: {{{}: …}}`\n", parent_, parent_, name);
  }
  template <typename V>
  void Field(const char* name, const V& value, const FieldInfo& info) {
    Print("  {}{}\n", JoinPath(parent_, name), DefaultText(value));
    Print("      {}\n", info.help);
    if constexpr (NamedEnum<V>) {
      for (const auto& entry : EnumNames<V>::values) {
        Print("      - {}: {}\n", entry.name, entry.help);
      }
    } else {
      Print("      {}\n", ExpectedWords(value, info));
    }
  }
  template <typename T>
  void Group(const char* name, const T& settings, const char* help) {
    const std::string path = JoinPath(parent_, name);
    Print("\n{}: {}\n", path, help);
    HelpWriter inner(path, text_);
    T::Describe(settings, inner);
  }
  template <typename T>
  void List(const char* name, const std::vector<T>&, const char* help) {
    const std::string path = JoinPath(parent_, name);
    Print("\n{}: a list; {}\n", path, help);
    HelpWriter inner(path + ".N", text_);
    const T item;
    T::Describe(item, inner);
  }

 private:
  template <typename... Arguments>
  void Print(fmt::format_string<Arguments...> form, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(text_), form, std::forward<Arguments>(arguments)...);
  }

  std::string parent_;
  std::string& text_;
};

}  // namespace

std::string HelpText() {
  std::string text = "The keys of a recipe, each with its default.\n\n";
  HelpWriter writer("", text);
  const RecipeFile file;
  RecipeFile::Describe(file, writer);
  return text;
}

}  // namespace upcycle
