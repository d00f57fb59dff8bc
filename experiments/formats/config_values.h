// The settings of a config.json, each with its type and range checked. JSON's null is how
// configurations say "not set".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/files.h"

namespace upcycle {

// Every member throws Error(kInput), naming file and setting, for a value of another type.
class ConfigValues {
 public:
  // Both outlive this; `path` is for messages.
  ConfigValues(const nlohmann::json& object, const fs::path& path);

  // "PATH: what" as Error(kInput).
  [[noreturn]] void Refuse(const std::string& what) const;

  bool Has(const char* key) const;
  // Whether the key is there at all, though it may not be set.
  bool Mentions(const char* key) const { return object_.contains(key); }

  // Whole numbers of 1 and more; one that is not set and has no `otherwise` is refused.
  int64_t Count(const char* key, std::optional<int64_t> otherwise = {}) const;
  double Number(const char* key, double otherwise) const;
  bool Flag(const char* key, bool otherwise) const;
  // Empty where it is not set.
  std::string Text(const char* key) const;
  // Empty where it is not set.
  ConfigValues Object(const char* key) const;
  const nlohmann::json& At(const char* key) const { return object_.at(key); }

 private:
  const nlohmann::json& object_;
  const fs::path& path_;
};

// How a message quotes a value.
std::string QuotedJson(const nlohmann::json& value);

}  // namespace upcycle
