#include "results/ledger/item_table.h"

#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "results/ledger/stored_value.h"

namespace upcycle {
namespace {

using nlohmann::json;

// A likelihood that is not finite is null.
std::vector<double> LikelihoodsFrom(const std::string& text) {
  std::vector<double> values;
  for (const json& value : json::parse(text)) {
    values.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                     : value.get<double>());
  }
  return values;
}

}  // namespace

ItemTable::ItemTable(Database& ledger)
    : insert_(ledger.Prepare(
          "INSERT OR REPLACE INTO item (stage, task, number, record, answer, correct, "
          "correct_normalised, log_likelihoods) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")) {}

void ItemTable::Write(int64_t stage, const Item& item) {
  std::optional<int64_t> normalised;
  if (item.correct_normalised) normalised = *item.correct_normalised ? 1 : 0;
  insert_
      .Bind(stage, item.task, item.number, item.record, item.answer, int64_t{item.correct ? 1 : 0},
            normalised, json(item.log_likelihoods).dump())
      .Run();
}

std::vector<Item> ReadItems(Database& ledger, int64_t stage, std::string_view task) {
  std::vector<Item> items;
  Statement rows = ledger.Prepare(
      "SELECT number, record, answer, correct, correct_normalised, log_likelihoods, task FROM item "
      "WHERE stage = ? AND (task = ? OR task BETWEEN ? AND ?) ORDER BY task, number");
  const std::string parts = std::string(task) + "/";
  rows.Bind(stage, task, parts, parts + "~");
  while (rows.Step()) {
    Item item = {.task = rows.Text(6),
                 .number = rows.Int(0),
                 .record = rows.Text(1),
                 .answer = rows.Int(2),
                 .correct = rows.Int(3) != 0};
    if (!rows.IsNull(4)) item.correct_normalised = rows.Int(4) != 0;
    item.log_likelihoods = ReadStored(rows, [&] { return LikelihoodsFrom(rows.Text(5)); });
    items.push_back(std::move(item));
  }
  return items;
}

std::vector<std::string> ReadTasks(Database& ledger, int64_t stage) {
  std::vector<std::string> tasks;
  Statement rows = ledger.Prepare("SELECT DISTINCT task FROM item WHERE stage = ? ORDER BY task");
  rows.Bind(stage);
  while (rows.Step()) tasks.push_back(rows.Text(0));
  return tasks;
}

}  // namespace upcycle
