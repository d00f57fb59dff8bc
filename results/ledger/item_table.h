// What the questions of benchmarks came to, one by one. The caller holds the transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "results/ledger/database.h"
#include "results/ledger/journal_events.h"

namespace upcycle {

// Part of the writer.
class ItemTable {
 public:
  explicit ItemTable(Database& ledger);

  // In place of an earlier one of the same number: a resumed evaluation may record it again.
  void Write(int64_t stage, const Item& item);

 private:
  Statement insert_;
};

// Of one task, in their order; of "mmlu" those of all its subjects, one after the other.
std::vector<Item> ReadItems(Database& ledger, int64_t stage, std::string_view task);

// Those that a stage has items of, in the order of the alphabet: "mmlu/physics".
std::vector<std::string> ReadTasks(Database& ledger, int64_t stage);

}  // namespace upcycle
