// A value inside a JSON file that somebody else wrote, with its place, so that whatever is wrong
// with it can be said: every function throws Error(kInput) with file and place for a value that is
// not what was asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace upcycle {

class JsonNode {
 public:
  // `value` must outlive the node and all that is made from it.
  JsonNode(const nlohmann::json& value, std::string file, std::string place = "");

  const nlohmann::json& value() const { return *value_; }
  const std::string& place() const { return place_; }

  JsonNode operator[](std::string_view key) const;
  // Nothing where the key is absent or its value null.
  std::optional<JsonNode> Find(std::string_view key) const;
  std::vector<JsonNode> Elements() const;
  JsonNode At(size_t i) const;  // of a list

  std::string String() const;
  bool Bool() const;
  int64_t Integer(int64_t lowest, int64_t highest) const;
  std::string StringOr(std::string_view key, std::string_view otherwise) const;
  bool BoolOr(std::string_view key, bool otherwise) const;

  // The "type" of a component.
  std::string Type() const { return (*this)["type"].String(); }

  // "FILE: PLACE WHAT"
  [[noreturn]] void Refuse(std::string_view what) const;
  // That `feature`, found here, is not supported.
  [[noreturn]] void RefuseFeature(std::string_view feature) const;

 private:
  const nlohmann::json* value_;
  std::string file_;
  std::string place_;
};

}  // namespace upcycle
