// Files of records in JSON: a record a line, or one array of them. Every complaint says file and
// line, and what was expected there: `Refuse`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/fingerprint.h"

namespace upcycle {

// One record, or an object inside one. Its accessors throw Error(kInput) for a field that is
// missing or of another type.
class Record {
 public:
  // `place` is "FILE:LINE"; both live as long as the record.
  Record(const nlohmann::ordered_json& json, std::string_view place) : json_(json), place_(place) {}

  bool Has(std::string_view field) const;
  bool IsObject(std::string_view field) const;
  bool IsText(std::string_view field) const;
  bool IsBoolean(std::string_view field) const;

  std::string Text(std::string_view field) const;
  std::vector<std::string> Texts(std::string_view field) const;
  int64_t Integer(std::string_view field) const;
  std::vector<int64_t> Integers(std::string_view field) const;
  bool Boolean(std::string_view field) const;
  Record Object(std::string_view field) const;
  std::vector<Record> Objects(std::string_view field) const;

  // The names of the fields in the file's order.
  std::vector<std::string> Fields() const;

  [[noreturn]] void Refuse(std::string_view what) const;

 private:
  const nlohmann::ordered_json& Value(std::string_view field) const;
  [[noreturn]] void RefuseType(std::string_view field, std::string_view expected) const;

  const nlohmann::ordered_json& json_;
  std::string_view place_;
};

// Calls `visit` with each record of `text` in order, and with the fingerprint of its text. Lines
// without text are none. Throws Error(kInput) with `name` and the line for what is not JSON, for a
// record that is no object, and for a field that is named twice.
void ForEachRecord(std::string_view text, std::string_view name,
                   const std::function<void(const Record&, const Fingerprint&)>& visit);

}  // namespace upcycle
