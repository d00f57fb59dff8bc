#include "core/data/source_sizes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/data/dataset.h"
#include "tests/core/data/token_files.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class SourceSizes : public testing::Test {
 protected:
  SourceSettings Source(const std::string& name, SourceKind kind, const fs::path& file) {
    SourceSettings source;
    source.name = name;
    source.kind = kind;
    source.files = {file.native()};
    return source;
  }

  std::string Lines() {
    std::string text;
    for (int i = 0; i < 2000; ++i) text += fmt::format("this is line {} of the text\n", i);
    return text;
  }

  TemporaryFolder folder_;
  DataSettings settings_;
};

TEST_F(SourceSizes, OfBytesAreNearThoseOfTheDataset) {
  settings_.train = {Source("text", SourceKind::kText, Put(folder_ / "a.txt", Lines()))};
  settings_.train.emplace_back();
  settings_.train.back().kind = SourceKind::kAtlas;
  settings_.train.back().people = 100;
  settings_.held_out = 0.1;
  fs::create_directories(folder_ / "data");
  BuildDataset(settings_, folder_ / "data");
  const auto estimates = EstimateSizes(settings_), sizes = SizesOfDataset(folder_ / "data");
  ASSERT_EQ(estimates.size(), 2u);
  ASSERT_EQ(sizes.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(estimates[i].name, sizes[i].name);
    EXPECT_TRUE(estimates[i].is_estimate);
    EXPECT_FALSE(sizes[i].is_estimate);
    EXPECT_NEAR(estimates[i].tokens, sizes[i].tokens, 0.2 * sizes[i].tokens);
  }
}

TEST_F(SourceSizes, OfReadyMadeTokensAreExact) {
  settings_.train = {Source("ready", SourceKind::kTokens,
                            Put(folder_ / "a.bin", Bytes(std::vector<uint16_t>(1000))))};
  settings_.validation = settings_.train;
  EXPECT_EQ(EstimateSizes(settings_)[0].tokens, 1000);
  EXPECT_FALSE(EstimateSizes(settings_)[0].is_estimate);
}

TEST_F(SourceSizes, WithoutADatasetAreNotKnown) {
  EXPECT_TRUE(SizesOfDataset(folder_.path()).empty());
}

TEST_F(SourceSizes, GiveEpochsByTheBlendsWeights) {
  settings_.train.resize(2);
  settings_.train[0].weight = 3;
  const auto epochs = EpochsOf({{"a", 1000}, {"b", 100}}, settings_.train, 4000);
  EXPECT_DOUBLE_EQ(epochs[0], 3);
  EXPECT_DOUBLE_EQ(epochs[1], 10);
}

}  // namespace
}  // namespace upcycle
