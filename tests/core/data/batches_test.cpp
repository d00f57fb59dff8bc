#include "core/data/batches.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/data/token_file.h"
#include "core/fingerprint.h"
#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

// A file of `count` tokens begin, begin + 1, ...: a token tells where it came from.
TokenFile Counting(const TemporaryFolder& folder, const std::string& name, int64_t count,
                   int32_t begin = 0) {
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  std::iota(tokens.begin(), tokens.end(), begin);
  TokenFileWriter writer(folder / name, 1 << 20);
  writer.Append(tokens, count);
  writer.Commit();
  return TokenFile(folder / name);
}

struct Batch {
  std::vector<int32_t> tokens, targets;
  bool operator==(const Batch&) const = default;
};

Batch Read(Batches& batches, int64_t first, int64_t count, int64_t length) {
  Batch batch;
  batch.tokens.resize(static_cast<size_t>(count * length));
  batch.targets.resize(static_cast<size_t>(count * length));
  batches.Fill(first, count, batch.tokens, batch.targets);
  return batch;
}

TEST(Blend, StaysWithinOneSampleOfTheWeights) {
  const std::vector<std::vector<double>> cases = {
      {1},          {1, 1},          {7, 3},          {0.999, 0.001},
      {1, 2, 3, 4}, {5, 1, 1, 1, 1}, {0.3, 0.3, 0.4}, {1e-3, 1, 1e3, 17, 0.5, 2},
  };
  for (const auto& weights : cases) {
    const Blend blend(weights);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<int64_t> drawn(weights.size(), 0);
    double worst = 0;
    for (int64_t i = 0; i < 20000; ++i) {
      ++drawn[blend.Next(drawn, i)];
      for (size_t s = 0; s < weights.size(); ++s) {
        const double due = weights[s] / total * static_cast<double>(i + 1);
        worst = std::max(worst, std::abs(due - static_cast<double>(drawn[s])));
      }
    }
    EXPECT_LT(worst, 1) << testing::PrintToString(weights);
  }
}

TEST(Batches, TargetsAreTheTokensThatFollow) {
  TemporaryFolder folder;
  const TokenFile file = Counting(folder, "a", 1000);
  Batches batches({{"a", &file, 1}}, 16, 1);
  const Batch batch = Read(batches, 0, 200, 16);
  for (size_t i = 0; i < batch.tokens.size(); ++i) {
    EXPECT_EQ(batch.targets[i], (batch.tokens[i] + 1) % 1000);
    if (i % 16 != 0) {
      EXPECT_EQ(batch.tokens[i], batch.targets[i - 1]);
    }
  }
}

TEST(Batches, EachEpochReadsEveryWindowOnceInAFreshOrder) {
  TemporaryFolder folder;
  const TokenFile file = Counting(folder, "a", 1003);  // 62 windows of 16, 11 tokens left over
  Batches batches({{"a", &file, 1}}, 16, 1);
  std::vector<std::vector<int32_t>> begins;
  for (int64_t epoch = 0; epoch < 4; ++epoch) {
    const Batch batch = Read(batches, epoch * 62, 62, 16);
    const std::set<int32_t> distinct(batch.tokens.begin(), batch.tokens.end());
    EXPECT_EQ(distinct.size(), 62u * 16);
    begins.emplace_back();
    for (size_t i = 0; i < batch.tokens.size(); i += 16) begins.back().push_back(batch.tokens[i]);
  }
  for (size_t i = 1; i < begins.size(); ++i) EXPECT_NE(begins[i], begins[0]);
  // A fresh offset: the windows begin at other places, not only in another order.
  for (auto& order : begins) std::sort(order.begin(), order.end());
  for (size_t i = 1; i < begins.size(); ++i) EXPECT_NE(begins[i], begins[0]);
}

TEST(Batches, ASampleDependsOnItsNumberAlone) {
  TemporaryFolder folder;
  const TokenFile a = Counting(folder, "a", 500), b = Counting(folder, "b", 300, 1000);
  const std::vector<BatchSource> sources = {{"a", &a, 3}, {"b", &b, 1}};
  Batches whole(sources, 8, 7);
  const Batch expected = Read(whole, 0, 300, 8);

  Batches pieces(sources, 8, 7);
  Batch joined;
  for (int64_t first = 0; first < 300; first += 5) {
    const Batch piece = Read(pieces, first, 5, 8);
    joined.tokens.insert(joined.tokens.end(), piece.tokens.begin(), piece.tokens.end());
    joined.targets.insert(joined.targets.end(), piece.targets.begin(), piece.targets.end());
  }
  EXPECT_EQ(joined, expected);

  Batches jumping(sources, 8, 7);
  for (const int64_t first : {250, 17, 299, 0, 17}) {
    const Batch one = Read(jumping, first, 1, 8);
    EXPECT_TRUE(std::equal(one.tokens.begin(), one.tokens.end(),
                           expected.tokens.begin() + static_cast<ptrdiff_t>(first * 8)));
  }
}

TEST(Batches, AnotherSeedGivesAnotherOrder) {
  TemporaryFolder folder;
  const TokenFile file = Counting(folder, "a", 1000);
  Batches one({{"a", &file, 1}}, 8, 1), other({{"a", &file, 1}}, 8, 2);
  EXPECT_NE(Read(one, 0, 50, 8), Read(other, 0, 50, 8));
}

TEST(Batches, TheOrderOfASourceDoesNotDependOnTheOthers) {
  TemporaryFolder folder;
  const TokenFile a = Counting(folder, "a", 500), b = Counting(folder, "b", 300, 1000);
  Batches alone({{"a", &a, 1}}, 8, 7), blended({{"b", &b, 5}, {"a", &a, 2}}, 8, 7);
  const Batch expected = Read(alone, 0, 40, 8);
  const Batch batch = Read(blended, 0, 140, 8);
  std::vector<int32_t> of_a;
  for (const int32_t token : batch.tokens) {
    if (token < 1000) of_a.push_back(token);
  }
  EXPECT_EQ(of_a, expected.tokens);
}

TEST(Batches, ACursorGoesOnWhereItWasTaken) {
  TemporaryFolder folder;
  const TokenFile a = Counting(folder, "a", 500), b = Counting(folder, "b", 300, 1000);
  const std::vector<BatchSource> sources = {{"a", &a, 3}, {"b", &b, 1}};
  Batches first(sources, 8, 7), second(sources, 8, 7);
  Read(first, 0, 123, 8);
  const std::string cursor = first.Cursor().dump();
  EXPECT_EQ(cursor, R"({"drawn":[92,31],"sample":123})");
  second.SetCursor(nlohmann::json::parse(cursor));
  EXPECT_EQ(Read(second, 123, 40, 8), Read(first, 123, 40, 8));
  EXPECT_DOUBLE_EQ(second.EpochsOf(1), 41.0 / 37);  // 163 samples, of which 41 of b
}

TEST(Batches, ADamagedCursorIsRefused) {
  TemporaryFolder folder;
  const TokenFile file = Counting(folder, "a", 500);
  Batches batches({{"a", &file, 1}}, 8, 7);
  for (const char* cursor :
       {"null", "{}", "[]", R"({"sample":1,"drawn":[]})", R"({"sample":1,"drawn":[2]})",
        R"({"sample":-1,"drawn":[-1]})", R"({"sample":1.5,"drawn":[1.5]})",
        R"({"sample":"1","drawn":[1]})", R"({"sample":1,"drawn":[0,1]})",
        R"({"sample":9223372036854775807,"drawn":[9223372036854775807]})",
        R"({"sample":18446744073709551615,"drawn":[18446744073709551615]})"}) {
    EXPECT_TRUE(Says(MessageOf([&] { batches.SetCursor(nlohmann::json::parse(cursor)); }),
                     "is not a data cursor"));
  }
}

TEST(Batches, ASourceShorterThanASequenceIsRefusedWithTheNumbers) {
  TemporaryFolder folder;
  const TokenFile enough = Counting(folder, "a", 17), short_by_one = Counting(folder, "b", 16);
  Batches fits({{"a", &enough, 1}}, 16, 1);
  EXPECT_EQ(Read(fits, 0, 1, 16).tokens.size(), 16u);
  const std::string message = MessageOf([&] { Batches({{"b", &short_by_one, 1}}, 16, 1); });
  EXPECT_TRUE(Says(message, "\"b\" has 16 tokens"));
  EXPECT_TRUE(Says(message, "model.sequence_length"));
}

TEST(Batches, GiveTheSameTokensOnEveryMachine) {
  TemporaryFolder folder;
  const TokenFile a = Counting(folder, "a", 5000), b = Counting(folder, "b", 3000, 10000);
  Batches batches({{"a", &a, 0.7}, {"b", &b, 0.3}}, 32, 42);
  const Batch batch = Read(batches, 0, 400, 32);
  Hasher hasher;
  hasher.AddBytes(batch.tokens.data(), batch.tokens.size() * sizeof(int32_t));
  EXPECT_EQ(hasher.Finish().Hex(), "77581fa9b66377c254e5c1626915beba");
}

std::vector<int32_t> Tokens(const SequentialWindows& windows, int64_t first, int64_t count,
                            int64_t length, std::vector<int32_t>& targets) {
  std::vector<int32_t> tokens(static_cast<size_t>(count * length));
  targets.assign(tokens.size(), 99);
  windows.Fill(first, count, tokens, targets);
  return tokens;
}

TEST(SequentialWindows, EveryTokenIsATargetOnceAndTheTailIsPadded) {
  TemporaryFolder folder;
  const TokenFile file = Counting(folder, "a", 7, 10);
  const SequentialWindows windows(file, 5, 3);
  EXPECT_EQ(windows.count(), 3);
  EXPECT_EQ(windows.targets(), 7);
  std::vector<int32_t> targets;
  EXPECT_EQ(Tokens(windows, 0, 3, 3, targets),
            (std::vector<int32_t>{5, 10, 11, 12, 13, 14, 15, 5, 5}));
  EXPECT_EQ(targets, (std::vector<int32_t>{10, 11, 12, 13, 14, 15, 16, -1, -1}));
}

TEST(SequentialWindows, AnyRangeOfWindowsCanBeRead) {
  TemporaryFolder folder;
  const TokenFile file = Counting(folder, "a", 7, 10);
  const SequentialWindows windows(file, 5, 3);
  std::vector<int32_t> targets;
  EXPECT_EQ(Tokens(windows, 1, 1, 3, targets), (std::vector<int32_t>{12, 13, 14}));
  EXPECT_EQ(targets, (std::vector<int32_t>{13, 14, 15}));
  EXPECT_EQ(Tokens(windows, 2, 2, 3, targets), (std::vector<int32_t>{15, 5, 5, 5, 5, 5}));
  EXPECT_EQ(targets, (std::vector<int32_t>{16, -1, -1, -1, -1, -1}));
}

TEST(SequentialWindows, AFullLastWindowHasNoPadding) {
  TemporaryFolder folder;
  const TokenFile file = Counting(folder, "a", 6, 10);
  const SequentialWindows windows(file, 5, 3);
  EXPECT_EQ(windows.count(), 2);
  std::vector<int32_t> targets;
  Tokens(windows, 0, 2, 3, targets);
  EXPECT_EQ(targets, (std::vector<int32_t>{10, 11, 12, 13, 14, 15}));
}

TEST(Batches, SayWhatTheyTookOfEachSource) {
  TemporaryFolder folder;
  const TokenFile a = Counting(folder, "a", 500), b = Counting(folder, "b", 300, 1000);
  Batches batches({{"a", &a, 3}, {"b", &b, 1}}, 10, 7);
  for (const int64_t before : {100, 0}) {  // wherever it stands
    std::vector<int32_t> tokens(static_cast<size_t>(before * 10)), targets(tokens.size());
    batches.Fill(0, before, tokens, targets);
    const std::vector<SourceUse> uses = batches.UseOf(80);
    ASSERT_EQ(uses.size(), 2u);
    EXPECT_EQ(uses[0].name, "a");
    EXPECT_EQ(uses[0].tokens, 600);
    EXPECT_DOUBLE_EQ(uses[0].epochs, 1.2);
    EXPECT_EQ(uses[1].tokens, 200);
    EXPECT_DOUBLE_EQ(uses[1].epochs, 20.0 / 30);
  }
}

}  // namespace
}  // namespace upcycle
