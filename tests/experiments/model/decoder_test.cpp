// However a text is cut into pieces, a decoder computes what the transformer computes of the whole.
#include "experiments/model/decoder.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/checkpoints/safetensors.h"
#include "core/error.h"
#include "experiments/formats/model_source.h"
#include "tests/caught_error.h"
#include "tests/says.h"

namespace upcycle {
namespace {

using Tokens = std::vector<int32_t>;

constexpr double kLogitBound = 1e-5;

class GoldenDecoder : public testing::TestWithParam<const char*> {
 protected:
  GoldenDecoder()
      : folder_(fs::path(UPCYCLE_GOLDEN_MODELS) / GetParam()),
        source_(folder_),
        expected_(folder_ / "expected.safetensors"),
        tokens_(expected_.View("tokens")),
        backend_(MakeCpuBackend(2)),
        model_(*backend_, source_.architecture(),
               {.limits = {tokens_.dim(0), tokens_.dim(1), 1}, .purpose = Purpose::kEvaluate}),
        decoder_(model_, tokens_.dim(0), tokens_.dim(1)) {
    source_.CopyTo(model_.parameters(), *backend_);
  }

  int64_t sequences() const { return tokens_.dim(0); }
  int64_t length() const { return tokens_.dim(1); }
  Tokens Sequence(int64_t b) const {
    const int32_t* first = tokens_.ints() + b * length();
    return {first, first + length()};
  }
  // The largest difference of the logits behind token `token` of row `b`, which is place `place` of
  // sequence `sequence`.
  double ErrorAt(int64_t b, int64_t token, int64_t sequence, int64_t place) {
    std::vector<float> found(static_cast<size_t>(decoder_.vocabulary()));
    decoder_.Logits(b, token, found);
    const float* logits =
        expected_.View("logits").floats() + (sequence * length() + place) * decoder_.vocabulary();
    double largest = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      const double error = std::abs(double{found[i]} - double{logits[i]});
      largest = std::isfinite(error) ? std::max(largest, error) : HUGE_VAL;
    }
    return largest;
  }
  // Appends tokens [begin, end) of every sequence to its slot; the largest error of their logits.
  double ExtendAll(int64_t begin, int64_t end) {
    Tokens slots, tokens, lengths;
    for (int64_t b = 0; b < sequences(); ++b) {
      const Tokens sequence = Sequence(b);
      slots.push_back(static_cast<int32_t>(b));
      lengths.push_back(static_cast<int32_t>(end - begin));
      tokens.insert(tokens.end(), sequence.begin() + begin, sequence.begin() + end);
    }
    decoder_.Extend(slots, tokens, lengths);
    double largest = 0;
    for (int64_t b = 0; b < sequences(); ++b) {
      for (int64_t i = begin; i < end; ++i) {
        largest = std::max(largest, ErrorAt(b, i - begin, b, i));
      }
    }
    return largest;
  }

  fs::path folder_;
  ModelSource source_;
  SafetensorsReader expected_;
  ConstTensor tokens_;
  std::unique_ptr<Backend> backend_;
  Transformer model_;
  Decoder decoder_;
};

TEST_P(GoldenDecoder, ComputesAWholeText) { EXPECT_LE(ExtendAll(0, length()), kLogitBound); }

TEST_P(GoldenDecoder, ComputesATextTokenByToken) {
  for (int64_t i = 0; i < length(); ++i) EXPECT_LE(ExtendAll(i, i + 1), kLogitBound) << i;
}

TEST_P(GoldenDecoder, ComputesATextInPieces) {
  ASSERT_GE(length(), 6);
  EXPECT_LE(ExtendAll(0, 2), kLogitBound);
  EXPECT_LE(ExtendAll(2, 3), kLogitBound);
  EXPECT_LE(ExtendAll(3, length()), kLogitBound);
}

// Rows of different lengths behind different pasts: each slot's logits are its own text's.
TEST_P(GoldenDecoder, ComputesSlotsApartInAPaddedBatch) {
  ASSERT_GE(sequences(), 2);
  const Tokens a = Sequence(0), b = Sequence(1);
  decoder_.Extend(Tokens{0}, Tokens{a.begin(), a.begin() + 3}, Tokens{3});
  Tokens batch = {b[0], b[1], b[2], b[3], a[3], a[4], 0, 0};
  decoder_.Extend(Tokens{1, 0}, batch, Tokens{4, 2});
  for (int64_t i = 0; i < 4; ++i) EXPECT_LE(ErrorAt(0, i, 1, i), kLogitBound) << i;
  for (int64_t i = 0; i < 2; ++i) EXPECT_LE(ErrorAt(1, i, 0, 3 + i), kLogitBound) << i;
  batch = {a[5], b[4]};
  decoder_.Extend(Tokens{0, 1}, batch, Tokens{1, 1});
  EXPECT_LE(ErrorAt(0, 0, 0, 5), kLogitBound);
  EXPECT_LE(ErrorAt(1, 0, 1, 4), kLogitBound);
}

TEST_P(GoldenDecoder, GoesOnFromACopyOfAPrefix) {
  const Tokens a = Sequence(0), b = Sequence(1);
  decoder_.Extend(Tokens{0, 1}, Tokens{a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]},
                  Tokens{4, 4});
  decoder_.Copy(0, 1, 2);
  ASSERT_EQ(decoder_.Length(1), 2);
  decoder_.Extend(Tokens{1}, Tokens{a[2]}, Tokens{1});
  EXPECT_LE(ErrorAt(0, 0, 0, 2), kLogitBound);
  decoder_.Extend(Tokens{0}, Tokens{a[4]}, Tokens{1});
  EXPECT_LE(ErrorAt(0, 0, 0, 4), kLogitBound);
}

TEST_P(GoldenDecoder, ForgetsWhatIsCutOff) {
  const Tokens a = Sequence(0), b = Sequence(1);
  decoder_.Extend(Tokens{0}, Tokens{a[0], a[1], b[2], b[3]}, Tokens{4});
  decoder_.Truncate(0, 2);
  decoder_.Extend(Tokens{0}, Tokens{a[2]}, Tokens{1});
  EXPECT_LE(ErrorAt(0, 0, 0, 2), kLogitBound);
}

INSTANTIATE_TEST_SUITE_P(Family, GoldenDecoder,
                         testing::Values("gemma", "gpt2", "llama", "llama_linear", "llama_scaled",
                                         "mistral", "mixtral", "nemotron", "neox", "olmo", "olmo2",
                                         "olmoe", "qwen2", "qwen2_moe", "qwen2_moe_layers", "qwen3",
                                         "qwen3_moe"),
                         [](const auto& tested) { return std::string(tested.param); });

// A model with fresh weights, whose attention spans several blocks of keys.
Architecture Small(bool experts) {
  Architecture a;
  a.model.layers = 2;
  a.model.width = 32;
  a.model.heads = 4;
  a.model.kv_heads = 2;
  a.model.ffn_width = 48;
  a.model.sequence_length = 160;
  a.model.init_std = 0.2;
  a.vocabulary = 19;
  a.has_experts = experts;
  a.moe.expansion = 4;
  return a;
}

class DecoderTest : public testing::Test {
 protected:
  explicit DecoderTest(const Architecture& architecture = Small(true))
      : backend_(MakeCpuBackend(2)),
        model_(*backend_, architecture, {.limits = {1, 300, 1}, .purpose = Purpose::kEvaluate}),
        decoder_(model_, 3, 150) {
    model_.parameters().Initialize(*backend_, 3);
  }

  static Tokens Text(int64_t length) {
    Tokens tokens;
    for (int64_t i = 0; i < length; ++i) tokens.push_back(static_cast<int32_t>(i * i % 19));
    return tokens;
  }
  // How often Text's next token is the likeliest, and its losses, from token `begin` on.
  std::vector<Decoder::Score> ScoreNext(const Tokens& text, int64_t begin, int64_t end) {
    std::vector<Decoder::Target> targets;
    for (int64_t i = begin; i < end; ++i) {
      targets.push_back({0, i - begin, text[static_cast<size_t>(i) + 1]});
    }
    return decoder_.ScoresOf(targets);
  }

  std::unique_ptr<Backend> backend_;
  Transformer model_;
  Decoder decoder_;
};

TEST_F(DecoderTest, ScoresTargetsAsEvaluateDoes) {
  const Tokens text = Text(150);
  std::vector<float> losses(149);
  model_.Evaluate({text.data(), text.data() + 1, 1, 149}, {}, losses.data());
  decoder_.Extend(Tokens{1}, Tokens(text.begin(), text.begin() + 70), Tokens{70});
  std::vector<Decoder::Score> scores = ScoreNext(text, 0, 70);
  decoder_.Extend(Tokens{1}, Tokens(text.begin() + 70, text.end() - 1), Tokens{79});
  const std::vector<Decoder::Score> later = ScoreNext(text, 70, 149);
  scores.insert(scores.end(), later.begin(), later.end());
  ASSERT_EQ(scores.size(), losses.size());
  for (size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(scores[i].loss, losses[i], 1e-5) << i;
}

TEST_F(DecoderTest, KnowsWhichTargetIsTheMostLikely) {
  decoder_.Extend(Tokens{0}, Text(9), Tokens{9});
  std::vector<float> logits(19);
  for (int64_t i = 0; i < 9; ++i) {
    decoder_.Logits(0, i, logits);
    const auto likeliest = static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin());
    const auto scores = decoder_.ScoresOf(
        std::vector<Decoder::Target>{{0, i, likeliest}, {0, i, (likeliest + 1) % 19}});
    EXPECT_TRUE(scores[0].most_likely);
    EXPECT_FALSE(scores[1].most_likely);
  }
}

TEST_F(DecoderTest, ScoresMoreTargetsThanABatchHasTokens) {
  decoder_.Extend(Tokens{0}, Text(3), Tokens{3});
  const auto one = decoder_.ScoresOf(std::vector<Decoder::Target>{{0, 2, 5}});
  const auto many = decoder_.ScoresOf(std::vector<Decoder::Target>(700, {0, 2, 5}));
  ASSERT_EQ(many.size(), 700u);
  for (const Decoder::Score& score : many) EXPECT_EQ(score.loss, one.front().loss);
}

TEST_F(DecoderTest, RefusesMoreThanItsCapacityAndStaysAsItWas) {
  decoder_.Extend(Tokens{0}, Text(149), Tokens{149});
  const auto extend = [&] { decoder_.Extend(Tokens{1, 0}, Tokens{1, 2, 3, 4}, Tokens{2, 2}); };
  EXPECT_TRUE(
      Says(MessageOf(extend, Cause::kInput), "149 tokens cannot take 2 more: the cache holds 150"));
  EXPECT_EQ(decoder_.Length(0), 149);
  EXPECT_EQ(decoder_.Length(1), 0);
}

TEST_F(DecoderTest, RefusesMoreThanTheModelsSequence) {
  EXPECT_TRUE(Says(MessageOf([&] { Decoder(model_, 1, 161); }, Cause::kInput),
                   "161 tokens are asked for, and the model has positions for 160"));
}

TEST_F(DecoderTest, SaysWhatItNeedsWhereMemoryEnds) {
  Architecture architecture = Small(false);
  architecture.model.sequence_length = int64_t{1} << 52;
  Transformer model(*backend_, architecture, {.limits = {1, 8, 1}, .purpose = Purpose::kEvaluate});
  // 2 layers of 32 floats a token.
  EXPECT_TRUE(
      Says(MessageOf([&] { Decoder(model, 1, int64_t{1} << 52); }, Cause::kMemory),
           "keys and values of 1 sequences of 4503599627370496 tokens need 1099511627776 MiB"));
}

TEST_F(DecoderTest, TakesNoSlotTwiceInABatch) {
  EXPECT_THROW(decoder_.Extend(Tokens{1, 1}, Tokens{1, 2}, Tokens{1, 1}), Error);
  EXPECT_THROW(decoder_.Extend(Tokens{3}, Tokens{1}, Tokens{1}), Error);
}

TEST_F(DecoderTest, LeavesTheModelAsItWas) {
  const Tokens text = Text(40);
  std::vector<float> before(40 * 19), after(40 * 19);
  model_.Logits({text.data(), nullptr, 1, 40}, {}, before.data());
  decoder_.Extend(Tokens{0}, text, Tokens{40});
  decoder_.Extend(Tokens{0}, text, Tokens{40});
  model_.Logits({text.data(), nullptr, 1, 40}, {}, after.data());
  EXPECT_EQ(before, after);
}

TEST(Decoder, RefusesExpertsThatChooseTheirTokens) {
  Architecture architecture = Small(true);
  architecture.moe.router.choice = RouterChoice::kExpertChoice;
  architecture.moe.capacity_factor = {1.0};
  const auto backend = MakeCpuBackend(1);
  Transformer model(*backend, architecture, {.limits = {1, 8, 1}, .purpose = Purpose::kEvaluate});
  EXPECT_THROW(Decoder(model, 1, 8), Error);
}

}  // namespace
}  // namespace upcycle
