#include "experiments/run/validation.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "core/data/token_file.h"
#include "tests/experiments/run/byte_model.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

constexpr int64_t kLength = 8;

class ValidatorTest : public testing::Test {
 protected:
  // A held-out set of one document, and the tokens that windows are cut from.
  TokenSet Hold(const std::string& text) {
    std::vector<int32_t> tokens = ByteTokenizer().Encode(text);
    tokens.push_back(ByteTokenizer().EndOfText());
    TokenFileWriter writer(folder_ / "held.tokens", ByteTokenizer().Vocabulary());
    writer.Append(tokens, static_cast<int64_t>(text.size()));
    writer.EndDocument();
    writer.Commit();
    dataset_.tokenizer = std::make_unique<ByteTokenizer>();
    return {"held", std::make_unique<TokenFile>(folder_ / "held.tokens"), 1};
  }

  TemporaryFolder folder_;
  Dataset dataset_;
  ByteModel bytes_{kLength, 3};
};

TEST_F(ValidatorTest, MeansTheLossesOfAllWindowsAsDoublePrecisionDoes) {
  const std::string text = "The quick brown fox jumps over the lazy dog, twice a day.";
  const TokenSet set = Hold(text);
  std::vector<int32_t> stream = {ByteTokenizer().EndOfText()};
  for (int32_t token : ByteTokenizer().Encode(text)) stream.push_back(token);
  stream.push_back(ByteTokenizer().EndOfText());
  double nats = 0;
  int64_t targets = 0;
  for (size_t begin = 0; begin + 1 < stream.size(); begin += kLength) {
    const size_t end = std::min(stream.size(), begin + kLength + 1);
    const std::vector<int32_t> window(stream.begin() + static_cast<long>(begin),
                                      stream.begin() + static_cast<long>(end));
    for (double loss : bytes_.TokenLosses(window)) nats += loss;
    targets += static_cast<int64_t>(window.size()) - 1;
  }

  const LossSum sum = Validator(bytes_.model, dataset_, 3, {}).Loss(set, 0);
  EXPECT_EQ(sum.targets, targets);
  EXPECT_NEAR(sum.nats, nats, 1e-5 * nats);
  EXPECT_NEAR(sum.BitsPerByte(), nats / std::numbers::ln2 / static_cast<double>(text.size()),
              1e-5 * sum.BitsPerByte());
}

TEST_F(ValidatorTest, GivesTheSameLossInBatchesOfAnySize) {
  const TokenSet set = Hold(std::string(200, 'x') + "yz");
  const LossSum one = Validator(bytes_.model, dataset_, 1, {}).Loss(set, 0);
  const LossSum three = Validator(bytes_.model, dataset_, 3, {}).Loss(set, 0);
  EXPECT_EQ(one.nats, three.nats);
  EXPECT_EQ(one.targets, three.targets);
}

TEST_F(ValidatorTest, LooksAtAsManyWindowsAsAreAskedFor) {
  const TokenSet set = Hold(std::string(800, 'x'));
  const LossSum sum = Validator(bytes_.model, dataset_, 3, {}).Loss(set, 5);
  EXPECT_EQ(sum.windows, 5);
  EXPECT_EQ(sum.targets, 5 * kLength);
}

TEST(LossSum, HasTheStandardErrorOfItsWindowMeans) {
  LossSum sum;
  for (double mean : {1.0, 2.0, 3.0, 6.0}) {
    ++sum.windows;
    sum.window_means += mean;
    sum.window_squares += mean * mean;
  }
  EXPECT_DOUBLE_EQ(sum.StandardError(), std::sqrt(14.0 / 3 / 4));  // variance 14/3
}

TEST(LossSum, OfTwoSetsWeighsTokensAlike) {
  LossSum sum = {.nats = 30, .targets = 10, .bytes = 20};
  sum.Add({.nats = 10, .targets = 10, .bytes = 40});
  EXPECT_DOUBLE_EQ(sum.Mean(), 2);
  EXPECT_DOUBLE_EQ(sum.Perplexity(), std::exp(2.0));
  EXPECT_DOUBLE_EQ(sum.BitsPerByte(), 40 / std::numbers::ln2 / 60);
}

}  // namespace
}  // namespace upcycle
