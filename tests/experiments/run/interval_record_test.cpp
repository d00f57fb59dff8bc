#include "experiments/run/interval_record.h"

#include <map>

#include <gtest/gtest.h>

#include "core/journal.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

// The steps at which each metric was recorded.
std::map<std::string, std::vector<int64_t>> StepsIn(const std::filesystem::path& path) {
  std::map<std::string, std::vector<int64_t>> steps;
  JournalReader reader(path);
  for (auto records = reader.ReadNext(); !records.empty(); records = reader.ReadNext()) {
    for (const JournalRecord& record : records) {
      const auto& point = std::get<JournalPoint>(record);
      steps[point.metric].push_back(point.step);
    }
  }
  return steps;
}

std::map<std::string, std::vector<int64_t>> RecordedOf(int64_t steps, int64_t every) {
  const TemporaryFolder folder;
  IntervalRecord record({0, 3}, 2, steps);
  JournalWriter journal(folder / "journal");
  const MoeBlock::Load load = {.assigned = {3, 1}, .served = {3, 1}};
  for (int64_t step = 1; step <= steps; ++step) {
    record.Add({}, std::vector<std::vector<MoeBlock::Load>>{{load, load}});
    if (step % every == 0 || step == steps) record.Write(journal, step);
  }
  journal.Flush();
  return StepsIn(folder / "journal");
}

TEST(IntervalRecord, WritesLoadsOfExpertsWithEveryRecordOfAShortTraining) {
  const auto steps = RecordedOf(45, 10);
  const std::vector<int64_t> all = {10, 20, 30, 40, 45};
  EXPECT_EQ(steps.at("moe/layer_00/expert_000/load"), all);
  EXPECT_EQ(steps.at("moe/layer_03/expert_001/load"), all);
  EXPECT_EQ(steps.at("moe/load_entropy"), all);
}

TEST(IntervalRecord, WritesLoadsOfExpertsNoMoreOftenThanAPictureShowsThem) {
  const auto steps = RecordedOf(4800, 10);
  EXPECT_EQ(steps.at("moe/load_entropy").size(), 480u);
  const std::vector<int64_t>& loads = steps.at("moe/layer_00/expert_000/load");
  EXPECT_EQ(loads.size(), static_cast<size_t>(kLoadRecords));
  EXPECT_EQ(loads.front(), 100);
  EXPECT_EQ(loads.back(), 4800);
}

}  // namespace
}  // namespace upcycle
