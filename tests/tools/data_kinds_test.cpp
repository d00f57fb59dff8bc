// A study on every kind of files, with and without documents masked: it is trained to the end, and
// its bits depend neither on threads nor on whether its data has been moved since.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/core/data/token_files.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

constexpr const char* kRecipe = R"(
name: kinds
model: {layers: 2, width: 16, heads: 2, ffn_width: 24, sequence_length: 32}
data:
  tokenizer: bytes
  deduplicate: true
  held_out: 0.1
  train:
    - {name: lines, kind: jsonl, files: DATA/*.jsonl, weight: 3}
    - {name: stories, kind: text, separator: "--", files: DATA/stories.txt}
    - {name: ready, kind: tokens, files: DATA/ready.bin}
train: {tokens: 4k, batch_sequences: 8, log_every: 5, validate_every: 5, validate_sequences: 4,
        learning_rate: {warmup_steps: 2}}
upcycle: none
evaluate: {sequences: 8}
arms: [{name: open}, {name: masked, data.mask_documents: true}]
baseline: open
table: {columns: [validation/loss, data/lines/epochs, data/ready/tokens]}
allow: [untuned_rate]
)";

class DataKinds : public testing::Test {
 protected:
  void WriteData(const fs::path& folder) {
    std::string lines, stories;
    std::vector<uint16_t> ready;
    for (int i = 0; i < 200; ++i) {
      lines += fmt::format("{{\"text\": \"this is line {}\", \"id\": {}}}\n", i % 150, i);
      stories += fmt::format("once there was a number {}\n--\n", i);
      for (const char c : fmt::format("token file document {}", i)) {
        ready.push_back(static_cast<unsigned char>(c));
      }
      ready.push_back(256);
    }
    Put(folder / "a.jsonl", lines);
    Put(folder / "stories.txt", stories);
    Put(folder / "ready.bin", Bytes(ready));
  }

  void WriteRecipe(const fs::path& data) {
    std::string text = kRecipe;
    for (size_t at; (at = text.find("DATA")) != std::string::npos;) {
      text.replace(at, 4, data.native());
    }
    Put(recipe_, text);
  }

  Finished Run(const char* root, const char* threads) {
    return RunProgram({"run", recipe_.native(), "--root", (folder_ / root).native(), "-j", "2",
                       "--set", threads, "--json"});
  }

  TemporaryFolder folder_;
  fs::path recipe_ = folder_ / "kinds.yaml";
};

TEST_F(DataKinds, TrainToTheEndWithEqualBitsForAnyThreads) {
  WriteData(folder_ / "data");
  WriteRecipe(folder_ / "data");
  const Finished one = Run("one", "execution.threads=1");
  ASSERT_EQ(one.exit_code, 0) << one.err;
  ASSERT_EQ(Run("three", "execution.threads=3").exit_code, 0);
  EXPECT_EQ(DifferencesBetween(ContentOf(folder_ / "one", "kinds"),
                               ContentOf(folder_ / "three", "kinds")),
            "");
  const Finished table = RunProgram({"compare", "kinds", "--root", (folder_ / "one").native()});
  EXPECT_TRUE(Says(table.out, "data/lines/epochs")) << table.err;
}

TEST_F(DataKinds, MovedDataIsReadWhereItLiesNow) {
  WriteData(folder_ / "data");
  WriteRecipe(folder_ / "data");
  ASSERT_EQ(Run("root", "execution.threads=1").exit_code, 0);
  fs::rename(folder_ / "data", folder_ / "elsewhere");
  WriteRecipe(folder_ / "elsewhere");
  const Finished same = Run("root", "execution.threads=1");
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_EQ(nlohmann::json::parse(same.out).at("done"), 0);
  const Finished more = RunProgram(
      {"run", recipe_.native(), "--root", (folder_ / "root").native(), "--set", "train.tokens=5k"});
  EXPECT_EQ(more.exit_code, 0) << more.err;
}

}  // namespace
}  // namespace upcycle
