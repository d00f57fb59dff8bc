#include "experiments/decoding/generate.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/tokenizers/tokenizer.h"
#include "experiments/formats/model_source.h"
#include "tests/core/data/real_data.h"

namespace upcycle {
namespace {

using Tokens = std::vector<int32_t>;

Architecture Small() {
  Architecture a;
  a.model.layers = 2;
  a.model.width = 32;
  a.model.heads = 4;
  a.model.ffn_width = 48;
  a.model.sequence_length = 48;
  a.model.init_std = 0.2;
  a.vocabulary = 23;
  return a;
}

class GenerateTest : public testing::Test {
 protected:
  // Batches hold fewer tokens than the prompts have.
  GenerateTest()
      : backend_(MakeCpuBackend(1)),
        model_(*backend_, Small(), {.limits = {1, 5, 1}, .purpose = Purpose::kEvaluate}),
        decoder_(model_, 1, 40) {
    model_.parameters().Initialize(*backend_, 3);
  }

  GenerationEnd Run(const Tokens& prompt, const GenerationSettings& settings) {
    came_.clear();
    return Generate(decoder_, prompt, settings, [&](int32_t token) {
      came_.push_back(token);
      return came_.size() < stop_after_;
    });
  }

  // The likeliest next token of a text, computed as a whole.
  int32_t Next(const Tokens& text) {
    Transformer whole(*backend_, Small(), {.limits = {1, 48, 1}, .purpose = Purpose::kEvaluate});
    whole.parameters().Initialize(*backend_, 3);
    std::vector<float> logits(text.size() * 23);
    whole.Logits({text.data(), nullptr, 1, static_cast<int64_t>(text.size())}, {}, logits.data());
    return Sampler({}).Next(std::span<const float>(logits).last(23), 0);
  }

  std::unique_ptr<Backend> backend_;
  Transformer model_;
  Decoder decoder_;
  Tokens came_;
  size_t stop_after_ = 1000;
};

const Tokens kPrompt = {1, 2, 3, 4, 5, 6, 7};

TEST_F(GenerateTest, ContinuesWithWhatTheWholeTextMakesLikely) {
  EXPECT_EQ(Run(kPrompt, {.most_tokens = 12}), GenerationEnd::kEnough);
  ASSERT_EQ(came_.size(), 12u);
  Tokens text = kPrompt;
  for (const int32_t token : came_) {
    EXPECT_EQ(token, Next(text));
    text.push_back(token);
  }
}

TEST_F(GenerateTest, BeginsAnewEachTime) {
  Run(kPrompt, {.most_tokens = 12});
  const Tokens first = came_;
  Run(kPrompt, {.most_tokens = 12});
  EXPECT_EQ(came_, first);
}

TEST_F(GenerateTest, EndsWithTheText) {
  Run(kPrompt, {.most_tokens = 12, .sampling = {.temperature = 1}});
  const int32_t end = came_[5];
  const auto first = static_cast<size_t>(std::ranges::find(came_, end) - came_.begin());
  EXPECT_EQ(Run(kPrompt, {.most_tokens = 12, .sampling = {.temperature = 1}, .ends = {23, end}}),
            GenerationEnd::kEndOfText);
  EXPECT_EQ(came_.size(), first);
}

TEST_F(GenerateTest, EndsWhereTheSlotIsFull) {
  EXPECT_EQ(Run(kPrompt, {.most_tokens = 100}), GenerationEnd::kCapacity);
  EXPECT_EQ(came_.size(), 40 - kPrompt.size() + 1);  // the last one is not read any more
}

TEST_F(GenerateTest, EndsWhereItIsStopped) {
  stop_after_ = 3;
  EXPECT_EQ(Run(kPrompt, {.most_tokens = 100}), GenerationEnd::kStopped);
  EXPECT_EQ(came_.size(), 3u);
}

TEST_F(GenerateTest, KeepsToTheTokensThatTheTokenizerKnows) {
  Run(kPrompt, {.most_tokens = 30, .sampling = {.temperature = 9}, .vocabulary = 2});
  EXPECT_EQ(came_.size(), 30u);
  for (const int32_t token : came_) EXPECT_LT(token, 2);
}

TEST_F(GenerateTest, RefusesPromptsThatTheModelCannotRead) {
  EXPECT_THROW(Run(Tokens(41, 1), {}), Error);
  EXPECT_THROW(Run({1, 23}, {}), Error);
}

TEST(Generate, TellsAStoryThatItsModelIsKnownFor) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const fs::path folder = *RealData() / "stories260K";
  const ModelSource source(folder / "stories260K.bin");
  const auto tokenizer = Tokenizer::Load(folder / "tok512.model");
  const auto backend = MakeCpuBackend(2);
  Transformer model(*backend, source.architecture(),
                    {.limits = {1, 64, 1}, .purpose = Purpose::kEvaluate});
  source.CopyTo(model.parameters(), *backend);
  Decoder decoder(model, 1, source.architecture().model.sequence_length);
  Tokens tokens;
  Generate(decoder, Tokens{tokenizer->BeginOfText().value()}, {.most_tokens = 120},
           [&](int32_t token) {
             tokens.push_back(token);
             return true;
           });
  EXPECT_TRUE(tokenizer->Decode(tokens).starts_with(
      "Once upon a time, there was a little girl named Lily. She loved to play outside in the "
      "park. One day, she saw a big, red ball. She wanted to play with it, but it was too high."))
      << tokenizer->Decode(tokens);
}

}  // namespace
}  // namespace upcycle
