#include "results/ledger/item_table.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "results/ledger/ledger_reader.h"
#include "tests/results/fixture.h"

namespace upcycle {
namespace {

constexpr const char* kItem =
    R"({"event": "item", "task": "mmlu/anatomy", "number": 1, "record": "9f", "answer": 2,
        "correct": false, "correct_normalised": true, "log_likelihoods": [-1.5, null, -0.25]})";
constexpr const char* kOtherItem =
    R"({"event": "item", "task": "mmlu/anatomy", "number": 0, "record": "8e", "answer": 0,
        "correct": true, "log_likelihoods": [-3]})";

TEST(ItemTable, KeepsTheItemsOfATask) {
  const TemporaryFolder folder;
  LedgerWriter writer(LedgerIn(folder));
  writer.RecordStudy(StudyOf({"dense"}, {0}));
  const Fingerprint train = StageFor(StageRole::kTrain, "dense", 0);
  IngestNext(writer, train, {Event(kItem), Event(kOtherItem)});
  LedgerReader reader(LedgerIn(folder));
  const int64_t stage = reader.FindStage(train)->id;
  const std::vector<Item> items = reader.ReadItems(stage, "mmlu/anatomy");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].record, "8e");
  EXPECT_TRUE(items[0].correct);
  EXPECT_FALSE(items[0].correct_normalised.has_value());
  EXPECT_EQ(items[1].number, 1);
  EXPECT_EQ(items[1].answer, 2);
  EXPECT_FALSE(items[1].correct);
  EXPECT_TRUE(items[1].correct_normalised.value());
  ASSERT_EQ(items[1].log_likelihoods.size(), 3u);
  EXPECT_EQ(items[1].log_likelihoods[0], -1.5);
  EXPECT_TRUE(std::isnan(items[1].log_likelihoods[1]));
  EXPECT_TRUE(reader.ReadItems(stage, "piqa").empty());
  IngestNext(writer, train, {Event(kItem)});  // a resumed evaluation records it again
  EXPECT_EQ(reader.ReadItems(stage, "mmlu/anatomy").size(), 2u);
  writer.Forget(train);
  EXPECT_TRUE(reader.ReadItems(stage, "mmlu/anatomy").empty());
}

TEST(ItemTable, GivesTheItemsOfAllPartsOfATask) {
  const TemporaryFolder folder;
  LedgerWriter writer(LedgerIn(folder));
  writer.RecordStudy(StudyOf({"dense"}, {0}));
  const Fingerprint train = StageFor(StageRole::kTrain, "dense", 0);
  std::string other = kItem;
  other.replace(other.find("anatomy"), 7, "virology");
  std::string next = kItem;
  next.replace(next.find("mmlu/anatomy"), 12, "mmlu_pro");
  IngestNext(writer, train, {Event(other), Event(kItem), Event(next), Event(kOtherItem)});
  LedgerReader reader(LedgerIn(folder));
  std::vector<std::string> found;
  for (const Item& item : reader.ReadItems(reader.FindStage(train)->id, "mmlu")) {
    found.push_back(item.task + " " + std::to_string(item.number));
  }
  EXPECT_EQ(found,
            (std::vector<std::string>{"mmlu/anatomy 0", "mmlu/anatomy 1", "mmlu/virology 1"}));
}

}  // namespace
}  // namespace upcycle
