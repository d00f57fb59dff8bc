#include "core/recipe/schema.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/recipe/canonical.h"
#include "core/recipe/reader.h"
#include "core/recipe/recipe_file.h"
#include "core/setting_paths.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr const char* kSuffixed = "^[+-]?([0-9]+|[0-9]*\\.[0-9]+)([kKMBG]|[eE][+-]?[0-9]+)$";
constexpr const char* kPercentage = "^[0-9]*\\.?[0-9]+%$";

json Ref(const std::string& definition) { return {{"$ref", "#/$defs/" + definition}}; }
json Whole(double bound) {
  return bound == std::floor(bound) && std::abs(bound) < 1e15 ? json(static_cast<int64_t>(bound))
                                                              : json(bound);
}
void AddRange(json& schema, const FieldInfo& info) {
  if (std::isfinite(info.minimum)) {
    schema[info.above_minimum ? "exclusiveMinimum" : "minimum"] = Whole(info.minimum);
  }
  if (std::isfinite(info.maximum)) schema["maximum"] = Whole(info.maximum);
}

// A bound holds for numbers, a pattern for text: one flat schema for both ways to write a number.
json NumberSchema(const char* type, const FieldInfo& info, const char* pattern) {
  json schema = {{"type", {type, "string"}}, {"pattern", pattern}};
  AddRange(schema, info);
  return schema;
}

json ValueSchema(const bool&, const FieldInfo&) { return {{"type", "boolean"}}; }
json ValueSchema(const int64_t&, const FieldInfo& info) {
  return NumberSchema("integer", info, kSuffixed);
}
json ValueSchema(const double&, const FieldInfo& info) {
  const bool share = std::string_view(info.unit) == "share";
  return NumberSchema("number", info, share ? kPercentage : kSuffixed);
}
json ValueSchema(const std::string&, const FieldInfo& info) {
  json schema = {{"type", "string"}};
  if (*info.pattern != '\0') schema["pattern"] = fmt::format("^({})$", info.pattern);
  return schema;
}
json ValueSchema(const CapacityFactor&, const FieldInfo& info) {
  return {{"anyOf", {ValueSchema(double{}, info), {{"enum", json::array({"dropless"})}}}}};
}
json ValueSchema(const LayerSelection&, const FieldInfo&) {
  const json layer = {{"type", "integer"}, {"minimum", 0}};
  return {{"anyOf",
           {{{"enum", {"all", "every_other"}}},
            {{"type", "array"}, {"items", layer}, {"minItems", 1}, {"uniqueItems", true}}}}};
}
json ListSchema(const json& item) {
  return {{"anyOf", {item, {{"type", "array"}, {"items", item}}}}};
}
json ValueSchema(const std::vector<std::string>&, const FieldInfo& info) {
  return ListSchema(ValueSchema(std::string{}, info));
}
template <NamedEnum E>
json ValueSchema(const E&, const FieldInfo&) {
  json words = json::array(), help = json::array();
  for (const auto& entry : EnumNames<E>::values) {
    words.push_back(entry.name);
    help.push_back(entry.help);
  }
  return {{"type", "string"}, {"enum", words}, {"enumDescriptions", help}};
}
json ValueSchema(const SeedValues&, const FieldInfo&) {
  const json seed = {{"type", "integer"}, {"minimum", 0}};
  return {{"anyOf",
           {{{"type", "integer"}, {"minimum", 1}},
            {{"type", "array"}, {"items", seed}, {"minItems", 1}, {"uniqueItems", true}}}}};
}
json ArraySchema(const json& item) { return {{"type", "array"}, {"items", item}}; }
json ValueSchema(const BaselineText&, const FieldInfo&) {
  return {{"anyOf", {{{"type", "string"}}, Ref("changes")}}};
}
json ValueSchema(const Parameters&, const FieldInfo&) {
  return {{"anyOf", {Ref("parameters"), ArraySchema(Ref("arm"))}}};
}
json ValueSchema(const ArmTexts&, const FieldInfo&) { return ArraySchema(Ref("arm")); }
json ValueSchema(const Exclusions&, const FieldInfo&) { return ArraySchema(Ref("changes")); }

json ValueSchema(const SizeTexts&, const FieldInfo&) {
  return {{"type", "object"}, {"additionalProperties", Ref("size")}, {"minProperties", 1}};
}
json ValueSchema(const AllowedLints&, const FieldInfo& info) {
  return ListSchema(ValueSchema(Lint{}, info));
}

template <typename V>
concept HasJson = requires(const V& value) {
  ToJson(value);
};

std::string Description(const FieldInfo& info) {
  const std::string_view unit = info.unit;
  const bool shown = !unit.empty() && unit != "share";
  return shown ? fmt::format("{} ({})", info.help, unit) : info.help;
}

template <typename V>
json FieldSchema(const V& value, const FieldInfo& info) {
  json schema = ValueSchema(value, info);
  schema["description"] = Description(info);
  if constexpr (HasJson<V>) {
    const json standard = ToJson(value);
    if (standard != "" && standard != json::array()) schema["default"] = standard;
  }
  return schema;
}

// The schema of a mapping, and of its shorthand where it has one.
class MappingSchema {
 public:
  void Shorthand(const char* name) { shorthand_ = name; }
  template <typename V>
  void Field(const char* name, const V& value, const FieldInfo& info) {
    properties_[name] = FieldSchema(value, info);
  }
  template <typename T>
  void Group(const char* name, const T& settings, const char* help) {
    properties_[name] = Of(settings, help);
  }
  template <typename T>
  void List(const char* name, const std::vector<T>&, const char* help) {
    properties_[name] = ArraySchema(Of(T{}, ""));
    properties_[name]["description"] = help;
  }

  template <typename T>
  static json Of(const T& settings, std::string_view help) {
    MappingSchema visitor;
    T::Describe(settings, visitor);
    json schema = {{"properties", visitor.properties_}, {"additionalProperties", false}};
    if (visitor.shorthand_.empty()) {
      schema["type"] = {"object", "null"};
    } else {
      schema["type"] = "object";
      schema = {{"anyOf", {visitor.properties_[visitor.shorthand_], schema}}};
    }
    if (!help.empty()) schema["description"] = help;
    return schema;
  }

 private:
  std::string shorthand_;
  json properties_ = json::object();
};

// Every setting by its dotted path, as arms write it; items of lists by a pattern.
class PathSchemas {
 public:
  explicit PathSchemas(std::string parent) : parent_(std::move(parent)) {}

  void Shorthand(const char* name) { shorthand_ = name; }
  template <typename V>
  void Field(const char* name, const V& value, const FieldInfo& info) {
    json schema = FieldSchema(value, info);
    if (name == shorthand_ && !parent_.empty()) by_path[parent_] = schema;
    by_path[JoinPath(parent_, name)] = std::move(schema);
  }
  template <typename T>
  void Group(const char* name, const T& settings, const char*) {
    PathSchemas inner(JoinPath(parent_, name));
    T::Describe(settings, inner);
    by_path.merge(inner.by_path);
    by_pattern.merge(inner.by_pattern);
  }
  template <typename T>
  void List(const char* name, const std::vector<T>&, const char*) {
    const std::string path = JoinPath(parent_, name);
    by_path[path] = ArraySchema(MappingSchema::Of(T{}, ""));
    PathSchemas items("");
    const T item;
    T::Describe(item, items);
    for (auto& [field, schema] : items.by_path) {
      by_pattern[fmt::format("^{}\\.[0-9]+\\.{}$", Escaped(path), field)] = std::move(schema);
    }
  }

  std::map<std::string, json> by_path;
  std::map<std::string, json> by_pattern;

 private:
  static std::string Escaped(std::string_view path) {
    std::string escaped;
    for (const char c : path) escaped += c == '.' ? std::string("\\.") : std::string(1, c);
    return escaped;
  }

  std::string parent_;
  std::string_view shorthand_;
};

// Settings of a run by their dotted paths or as nested mappings; `wrap` makes the schema of what
// stands behind a setting from that of its value.
template <typename Wrap>
json ChangesSchema(const PathSchemas& paths, const json& sections, Wrap wrap) {
  json schema = {{"type", "object"}, {"additionalProperties", false}};
  for (const auto& [path, unused] : paths.by_path) schema["properties"][path] = wrap(Ref(path));
  for (const auto& [section, unused] : sections.items()) {
    json& property = schema["properties"][section];
    const json mapping = {{"type", "object"}};
    property = property.is_null() ? mapping : json{{"anyOf", {property, mapping}}};
  }
  for (const auto& [pattern, value] : paths.by_pattern) {
    schema["patternProperties"][pattern] = wrap(value);
  }
  return schema;
}

// A size has the keys of a recipe but for those that only the whole has.
json SizeSchema(const json& recipe) {
  json schema = {{"type", {"object", "null"}}, {"additionalProperties", false}};
  for (const auto& [key, unused] : recipe.at("properties").items()) {
    if (key == "name" || key == "sizes") continue;
    schema["properties"][key] = {{"$ref", "#/properties/" + key}};
  }
  return schema;
}

}  // namespace

json RecipeSchema() {
  const RunSettings run;
  PathSchemas paths("");
  RunSettings::Describe(run, paths);
  const json sections = MappingSchema::Of(run, "").at("properties");

  json schema = MappingSchema::Of(RecipeFile{}, "an upcycle recipe");
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "upcycle recipe";
  json& definitions = schema["$defs"];
  for (const auto& [path, value] : paths.by_path) definitions[path] = value;
  definitions["size"] = SizeSchema(schema);
  definitions["changes"] = ChangesSchema(paths, sections, [](json value) { return value; });
  definitions["arm"] = definitions["changes"];
  definitions["arm"]["properties"]["name"] = {{"type", "string"},
                                              {"description", "what tables call the arm"}};
  definitions["parameters"] = ChangesSchema(paths, sections, [](json value) {
    return json{{"type", "array"}, {"items", std::move(value)}, {"minItems", 1}};
  });
  return schema;
}

}  // namespace upcycle
