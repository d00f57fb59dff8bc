#include "experiments/evaluation/text_loss.h"

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/caught_error.h"
#include "tests/experiments/run/byte_model.h"
#include "tests/says.h"

namespace upcycle {
namespace {

constexpr const char* kText = "It was the b\xC3\xA9st of times, it was the worst of times.";

TextLoss LossIn(ByteModel& bytes, int64_t block, const std::string& text = kText) {
  return LossOfText(text, block, bytes.model, ByteTokenizer(), [](size_t, size_t) {});
}

// Each block behind end of text, which is all that these tokens have to begin with.
std::vector<double> NatsOfBlocks(ByteModel& bytes, size_t block) {
  const std::vector<int32_t> all = ByteTokenizer().Encode(kText);
  std::vector<double> nats;
  for (size_t at = 0; at < all.size(); at += block) {
    std::vector<int32_t> tokens = {ByteTokenizer().EndOfText()};
    tokens.insert(tokens.end(), all.begin() + static_cast<long>(at),
                  all.begin() + static_cast<long>(std::min(at + block, all.size())));
    const auto losses = bytes.TokenLosses(tokens);
    nats.push_back(std::accumulate(losses.begin(), losses.end(), 0.0));
  }
  return nats;
}

TEST(LossOfText, IsThatOfEachBlockBehindABeginning) {
  ByteModel bytes(16, 3);
  for (const int64_t block : {1, 7, 16}) {
    const TextLoss loss = LossIn(bytes, block);
    const std::vector<double> nats = NatsOfBlocks(bytes, static_cast<size_t>(block));
    EXPECT_NEAR(loss.nats, std::accumulate(nats.begin(), nats.end(), 0.0), 1e-4) << block;
    EXPECT_EQ(loss.blocks, std::ssize(nats));
    EXPECT_EQ(loss.tokens, 53);
    EXPECT_EQ(loss.bytes, 53);
    EXPECT_EQ(loss.characters, 52);
  }
}

TEST(LossOfText, TakesItsErrorFromHowBlocksDiffer) {
  ByteModel bytes(16, 3);
  const TextLoss loss = LossIn(bytes, 16);
  const std::vector<double> nats = NatsOfBlocks(bytes, 16);  // of 16, 16, 16 and 5 tokens
  const double mean = loss.nats / 53;
  const double squares = std::pow(nats[0] - 16 * mean, 2) + std::pow(nats[1] - 16 * mean, 2) +
                         std::pow(nats[2] - 16 * mean, 2) + std::pow(nats[3] - 5 * mean, 2);
  EXPECT_NEAR(loss.standard_error, std::sqrt(squares * 4 / 3) / 53, 1e-6);
  EXPECT_EQ(LossIn(bytes, 16, "short").standard_error, 0);
}

TEST(LossOfText, FillsSequencesWhereNoBlockIsNamed) {
  ByteModel bytes(16, 3);
  const TextLoss filled = LossIn(bytes, 0), longest = LossIn(bytes, 16);
  EXPECT_EQ(filled.nats, longest.nats);
  EXPECT_EQ(filled.blocks, longest.blocks);
}

TEST(LossOfText, RefusesBlocksThatNoSequenceHoldsAndNoText) {
  ByteModel bytes(16, 3);
  EXPECT_TRUE(Says(MessageOf([&] { LossIn(bytes, 17); }), "hold 1 to 16"));
  EXPECT_TRUE(Says(MessageOf([&] { LossIn(bytes, -1); }), "hold 1 to 16"));
  EXPECT_EQ(CauseOf([&] { LossIn(bytes, 4, ""); }), Cause::kInput);
}

}  // namespace
}  // namespace upcycle
