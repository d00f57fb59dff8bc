#include "core/checkpoints/shards.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checkpoints/tensor_folder.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

SafetensorsEntry Vector(const char* name, int64_t elements) {
  return {name, SafetensorsType::kBF16, {elements}};
}

TEST(Shards, AreOneFileWhereAllFits) {
  const std::vector<Shard> shards = PlanShards({Vector("a", 4), Vector("b", 6)}, 20);
  ASSERT_EQ(shards.size(), 1u);
  EXPECT_EQ(shards[0].file, "model.safetensors");
  EXPECT_EQ(shards[0].bytes, 20);
  EXPECT_EQ(PlanShards({}, 20).size(), 1u);
}

TEST(Shards, AreFilledInOrder) {
  const std::vector<Shard> shards = PlanShards(
      {Vector("a", 4), Vector("b", 5), Vector("c", 1), Vector("big", 50), Vector("d", 1)}, 16);
  ASSERT_EQ(shards.size(), 4u);
  EXPECT_EQ(shards[0].file, "model-00001-of-00004.safetensors");
  EXPECT_EQ(shards[0].entries, (std::vector{Vector("a", 4)}));
  EXPECT_EQ(shards[1].entries, (std::vector{Vector("b", 5), Vector("c", 1)}));
  EXPECT_EQ(shards[2].entries, (std::vector{Vector("big", 50)}));
  EXPECT_EQ(shards[3].entries, (std::vector{Vector("d", 1)}));
}

TEST(Shards, WithTheirIndexAreAFolderOfTensors) {
  TemporaryFolder folder;
  const std::vector<Shard> shards = PlanShards({Vector("a", 2), Vector("b", 2)}, 4);
  for (const Shard& shard : shards) {
    SafetensorsWriter writer(folder / shard.file, shard.entries);
    for (const SafetensorsEntry& entry : shard.entries) {
      writer.Write(entry.name, std::vector<std::byte>(4));
    }
    writer.Commit();
  }
  WriteFileAtomically(folder / kIndexFile, IndexText(shards));
  EXPECT_EQ(nlohmann::json::parse(IndexText(shards)).at("metadata").at("total_size"), 8);
  const TensorFolder tensors(folder.path());
  EXPECT_EQ(tensors.entries().size(), 2u);
}

}  // namespace
}  // namespace upcycle
