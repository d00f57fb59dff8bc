#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/foreign_json.h"
#include "core/text.h"
#include "results/verification/committed_table.h"

namespace upcycle {
namespace {

using Json = nlohmann::ordered_json;

// Walks the document as it is printed with a value a line.
class Walker {
 public:
  Walker(bool knows_lines, CommittedTable* table) : knows_lines_(knows_lines), table_(table) {}

  void Walk(const std::string& place, const Json& value) {
    if (!value.is_structured() || value.empty()) {
      table_->rows.push_back({knows_lines_ ? line_ : 0, {place, value.dump()}});
      return;
    }
    for (const auto& [key, part] : value.items()) {
      ++line_;
      Walk(place.empty() ? key : place + " › " + key, part);
    }
    ++line_;
  }

 private:
  const bool knows_lines_;
  CommittedTable* table_;
  int64_t line_ = 1;
};

}  // namespace

std::vector<CommittedTable> ReadJsonTables(std::string_view document) {
  const std::string mistake = MistakeInJson(document);
  if (!mistake.empty()) throw Error(Cause::kInput, "this is no export as JSON: " + mistake);
  const Json json = Json::parse(document);
  const auto text = [&](const char* key) {
    const auto found = json.is_object() ? json.find(key) : json.end();
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  CommittedTable table;
  table.line = 1;
  table.study = text("study");
  table.command = text("command");
  if (table.study.empty() || !json.contains("arms")) return {};
  table.columns = {"place", "value"};
  const bool as_exported = json.dump(2) == TrimmedText(document);
  Walker(as_exported, &table).Walk("", json);
  return {std::move(table)};
}

}  // namespace upcycle
