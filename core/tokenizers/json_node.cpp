#include "core/tokenizers/json_node.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace upcycle {

using nlohmann::json;

JsonNode::JsonNode(const json& value, std::string file, std::string place)
    : value_(&value), file_(std::move(file)), place_(std::move(place)) {}

std::optional<JsonNode> JsonNode::Find(std::string_view key) const {
  if (!value_->is_object()) Refuse("is no object");
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return JsonNode(*found, file_,
                  place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key));
}

JsonNode JsonNode::operator[](std::string_view key) const {
  const std::optional<JsonNode> found = Find(key);
  if (!found) Refuse(fmt::format("lacks \"{}\"", key));
  return *found;
}

std::vector<JsonNode> JsonNode::Elements() const {
  if (!value_->is_array()) Refuse("is no list");
  std::vector<JsonNode> elements;
  elements.reserve(value_->size());
  for (size_t i = 0; i < value_->size(); ++i) elements.push_back(At(i));
  return elements;
}

JsonNode JsonNode::At(size_t i) const {
  return JsonNode(value_->at(i), file_, fmt::format("{}[{}]", place_, i));
}

std::string JsonNode::String() const {
  if (!value_->is_string()) Refuse("is no string");
  return value_->get<std::string>();
}

bool JsonNode::Bool() const {
  if (!value_->is_boolean()) Refuse("is neither true nor false");
  return value_->get<bool>();
}

int64_t JsonNode::Integer(int64_t lowest, int64_t highest) const {
  const bool fits = value_->is_number_integer() &&
                    (!value_->is_number_unsigned() || value_->get<uint64_t>() <= INT64_MAX);
  const int64_t number = fits ? value_->get<int64_t>() : lowest - 1;
  if (number < lowest || number > highest) {
    Refuse(fmt::format("is no whole number from {} to {}", lowest, highest));
  }
  return number;
}

std::string JsonNode::StringOr(std::string_view key, std::string_view otherwise) const {
  const auto found = Find(key);
  return found ? found->String() : std::string(otherwise);
}

bool JsonNode::BoolOr(std::string_view key, bool otherwise) const {
  const auto found = Find(key);
  return found ? found->Bool() : otherwise;
}

void JsonNode::Refuse(std::string_view what) const {
  throw Error(Cause::kInput,
              fmt::format("{}: {} {}", file_, place_.empty() ? "the whole" : place_, what));
}

void JsonNode::RefuseFeature(std::string_view feature) const {
  Refuse(fmt::format("uses {}, which upcycle's tokenizers do not support", feature));
}

}  // namespace upcycle
