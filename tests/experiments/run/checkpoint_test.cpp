#include "experiments/run/checkpoint.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/tokenizers/byte_tokenizer.h"
#include "core/directory_transaction.h"
#include "experiments/formats/model_folder.h"
#include "experiments/model/transformer.h"
#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using nlohmann::json;

Architecture Tiny(bool experts) {
  Architecture a;
  a.model.family = experts ? Family::kLlama : Family::kNemotron;
  a.model.layers = 2;
  a.model.width = 16;
  a.model.heads = 2;
  a.model.ffn_width = 24;
  a.model.sequence_length = 8;
  a.model.tied_embeddings = false;
  a.vocabulary = 264;
  a.has_experts = experts;
  a.moe.expansion = 2;
  a.moe.granularity = 2;
  return a;
}

class CheckpointTest : public testing::TestWithParam<bool> {
 protected:
  CheckpointTest()
      : backend_(MakeCpuBackend(1)),
        model_(*backend_, Tiny(GetParam()), {{2, 8, 1}}),
        other_(*backend_, Tiny(GetParam()), {{2, 8, 1}}),
        checkpoints_(folder_ / "checkpoints", folder_ / "tokenizer", 256) {
    fs::create_directory(folder_ / "tokenizer");
    ByteTokenizer().Save(folder_ / "tokenizer");
    model_.parameters().Initialize(*backend_, 1);
    const auto fill = [](float step) {
      return [step](int64_t begin, std::span<float> values) {
        for (size_t i = 0; i < values.size(); ++i) {
          values[i] = static_cast<float>((begin + static_cast<int64_t>(i)) % 1000) * step;
        }
      };
    };
    model_.parameters().StoreMoment(*backend_, Moment::kFirst, fill(0.001f));
    model_.parameters().StoreMoment(*backend_, Moment::kSecond, fill(0.002f));
  }

  std::vector<float> AllOf(Transformer& model) {
    std::vector<float> all, moment;
    for (const auto& piece : model.parameters().pieces()) {
      const float* values = piece.value.floats();
      all.insert(all.end(), values, values + piece.value.size());
      moment.resize(static_cast<size_t>(piece.value.size()));
      for (Moment which : {Moment::kFirst, Moment::kSecond}) {
        model.parameters().LoadMoment(*backend_, which, piece.begin, moment);
        all.insert(all.end(), moment.begin(), moment.end());
      }
    }
    return all;
  }

  // Into the other model; the state that came with it.
  std::optional<json> Restore() {
    std::optional<json> found;
    const auto keep = [&](const json& state) { return [&found, state] { found = state; }; };
    const bool restored = checkpoints_.Restore(other_.parameters(), *backend_, keep, passed_over_);
    EXPECT_EQ(restored, found.has_value());
    return found;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Backend> backend_;
  Transformer model_, other_;
  Checkpoints checkpoints_;
  std::vector<std::string> passed_over_;
};

TEST_P(CheckpointTest, RestoresWeightsMomentsAndState) {
  checkpoints_.Write(12, {{"step", 12}}, model_.parameters(), *backend_);
  const auto state = Restore();
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->at("step"), 12);
  EXPECT_EQ(AllOf(other_), AllOf(model_));
  EXPECT_TRUE(passed_over_.empty());
}

TEST_P(CheckpointTest, KeepsTheNewestAlone) {
  checkpoints_.Write(12, {{"step", 12}}, model_.parameters(), *backend_);
  checkpoints_.Write(100, {{"step", 100}}, model_.parameters(), *backend_);
  EXPECT_EQ(NamesIn(folder_ / "checkpoints"), std::set<std::string>{"step_00000100"});
  EXPECT_EQ(Restore()->at("step"), 100);
}

TEST_P(CheckpointTest, PassesOverADamagedOneAndSaysWhy) {
  for (const char* name :
       {"model.safetensors", "optimizer.safetensors", "config.json", "trainer.json"}) {
    checkpoints_.Write(12, {{"step", 12}}, model_.parameters(), *backend_);
    const fs::path file = folder_ / "checkpoints/step_00000012" / name;
    fs::resize_file(file, fs::file_size(file) - 5);
    passed_over_.clear();
    EXPECT_FALSE(Restore().has_value()) << name;
    ASSERT_EQ(passed_over_.size(), 1u) << name;
    EXPECT_TRUE(Says(passed_over_.front(), "step_00000012"));
    checkpoints_.Clear();
  }
}

TEST_P(CheckpointTest, NoticesASingleFlippedBitInAWeight) {
  checkpoints_.Write(12, {{"step", 12}}, model_.parameters(), *backend_);
  const fs::path file = folder_ / "checkpoints/step_00000012/model.safetensors";
  {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(-3, std::ios::end);
    const char byte = static_cast<char>(stream.peek() ^ 1);
    stream.seekp(-3, std::ios::end);
    stream.put(byte);
  }
  EXPECT_FALSE(Restore().has_value());
}

TEST_P(CheckpointTest, NoticesAStateThatWasChanged) {
  checkpoints_.Write(12, {{"step", 12}}, model_.parameters(), *backend_);
  Put(folder_ / "checkpoints/step_00000012/trainer.json", "{\"step\":11}");
  EXPECT_FALSE(Restore().has_value());
}

TEST_P(CheckpointTest, IsPassedOverWhereItsStateIsRefused) {
  checkpoints_.Write(12, {{"step", 12}}, model_.parameters(), *backend_);
  const std::vector<float> before = AllOf(other_);
  const auto refuse = [](const json&) -> std::function<void()> {
    throw Error(Cause::kInput, "too old");
  };
  EXPECT_FALSE(checkpoints_.Restore(other_.parameters(), *backend_, refuse, passed_over_));
  ASSERT_EQ(passed_over_.size(), 1u);
  EXPECT_TRUE(Says(passed_over_.front(), "too old"));
  EXPECT_EQ(AllOf(other_), before);
}

// A GPU without memory is no fault of the checkpoint's: to begin anew would lose the training.
TEST_P(CheckpointTest, IsNotPassedOverForWantOfMemory) {
  checkpoints_.Write(12, {{"step", 12}}, model_.parameters(), *backend_);
  const auto fail = [](const json&) -> std::function<void()> {
    return [] { throw Error(Cause::kMemory, "full"); };
  };
  EXPECT_EQ(
      CauseOf([&] { checkpoints_.Restore(other_.parameters(), *backend_, fail, passed_over_); }),
      Cause::kMemory);
  EXPECT_TRUE(passed_over_.empty());
}

TEST_P(CheckpointTest, FindsNothingWhereNothingWasWritten) {
  EXPECT_FALSE(Restore().has_value());
  EXPECT_TRUE(passed_over_.empty());
}

TEST_P(CheckpointTest, IsAHuggingFaceFolder) {
  checkpoints_.Write(12, {}, model_.parameters(), *backend_);
  const fs::path folder = folder_ / "checkpoints/step_00000012";
  const auto names = NamesIn(folder);
  for (const char* name :
       {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  const auto config = nlohmann::json::parse(ReadTextFile(folder / "config.json"));
  EXPECT_EQ(config.at("hidden_size"), 16);
  EXPECT_EQ(config.at("model_type"), GetParam() ? "upcycle_moe" : "upcycle_nemotron");
}

TEST_P(CheckpointTest, AModelOfAnotherShapeIsRefusedByName) {
  DirectoryTransaction transaction(folder_ / "model");
  WriteModel(transaction.path(), model_.parameters(), *backend_, folder_ / "tokenizer", 256);
  transaction.Commit();
  auto config = nlohmann::json::parse(ReadTextFile(folder_ / "model/config.json"));
  config["upcycle"]["model"]["width"] = 20;
  Put(folder_ / "model/config.json", config.dump());
  const ModelFolder model(folder_ / "model");
  EXPECT_TRUE(
      Says(MessageOf([&] { model.Values({PartKind::kEmbedding}); }), "model.embed_tokens.weight"));
}

INSTANTIATE_TEST_SUITE_P(DenseAndExperts, CheckpointTest, testing::Bool(),
                         [](const auto& each) { return each.param ? "Experts" : "Dense"; });

}  // namespace
}  // namespace upcycle
