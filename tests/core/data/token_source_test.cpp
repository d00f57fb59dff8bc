#include "core/data/token_source.h"

#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/core/data/token_files.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

std::vector<int32_t> All(const Tokens& tokens) {
  std::vector<int32_t> all(static_cast<size_t>(tokens.count()));
  tokens.Read(0, all);
  return all;
}

std::vector<uint16_t> Counting(uint16_t first, int count) {
  std::vector<uint16_t> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), first);
  return values;
}

class TokenSources : public testing::Test {
 protected:
  std::string Dump(const std::string& name, const std::vector<uint16_t>& tokens) {
    return Put(folder_ / name, Bytes(tokens)).native();
  }

  // `count` documents of three tokens: 0 0 0 1 1 1 2 2 2 …
  std::string Megatron(const std::string& name, int count) {
    std::vector<uint16_t> tokens;
    for (int i = 0; i < 3 * count; ++i) tokens.push_back(static_cast<uint16_t>(i / 3));
    Put(folder_ / (name + ".idx"),
        MegatronOf(std::vector<int32_t>(static_cast<size_t>(count), 3)).Text());
    return Put(folder_ / (name + ".bin"), Bytes(tokens)).native();
  }

  static TokenSource Open(const std::vector<std::string>& files) {
    SourceSettings settings;
    settings.kind = SourceKind::kTokens;
    settings.files = files;
    return TokenSource::Find(settings);
  }

  TemporaryFolder folder_;
};

TEST_F(TokenSources, FilesFollowEachOther) {
  const auto source = Open({Dump("b.bin", {1, 2}), Megatron("a", 1), Dump("c.bin", {9})});
  EXPECT_EQ(All(*source.Part(CorpusPart::kTraining, 0)), (std::vector<int32_t>{1, 2, 0, 0, 0, 9}));
  EXPECT_EQ(source.CountTokens(), 6);
}

TEST_F(TokenSources, AnIndexAndItsTokensAreOneDataset) {
  Megatron("a", 4);
  const auto source = Open({(folder_ / "a.*").native()});
  EXPECT_EQ(source.CountTokens(), 12);
  EXPECT_EQ(source.Part(CorpusPart::kTraining, 0)->documents(), 4);
  EXPECT_EQ(source.Files().size(), 1u);
}

TEST_F(TokenSources, PartsAreReadFromAnyPlace) {
  const auto part = Open({Dump("a.bin", Counting(0, 10)), Dump("b.bin", Counting(10, 10))})
                        .Part(CorpusPart::kTraining, 0);
  std::vector<int32_t> tokens(4);
  part->Read(8, tokens);
  EXPECT_EQ(tokens, (std::vector<int32_t>{8, 9, 10, 11}));
  part->Read(16, tokens);
  EXPECT_EQ(tokens, (std::vector<int32_t>{16, 17, 18, 19}));
}

TEST_F(TokenSources, WholeDocumentsAreHeldOutEvenlySpread) {
  const auto source = Open({Megatron("a", 20)});
  EXPECT_EQ(All(*source.Part(CorpusPart::kValidation, 0.1)),
            (std::vector<int32_t>{4, 4, 4, 14, 14, 14}));
  const auto trained = source.Part(CorpusPart::kTraining, 0.1);
  EXPECT_EQ(trained->count(), 54);
  EXPECT_EQ(trained->documents(), 18);
  for (const int32_t token : All(*trained)) EXPECT_TRUE(token != 4 && token != 14);
}

TEST_F(TokenSources, OfADumpPiecesAreHeldOutEvenlySpread) {
  const auto source = Open({Dump("a.bin", Counting(0, 1000))});
  const auto held_out = All(*source.Part(CorpusPart::kValidation, 0.05));
  const auto trained = All(*source.Part(CorpusPart::kTraining, 0.05));
  EXPECT_EQ(held_out.size(), 50u);  // one of twenty pieces of 50
  EXPECT_EQ(held_out.front(), 450);
  EXPECT_EQ(trained.size(), 950u);
  EXPECT_EQ(trained[449], 449);
  EXPECT_EQ(trained[450], 500);
}

TEST_F(TokenSources, OneDocumentCannotBeDivided) {
  const auto source = Open({Megatron("a", 1)});
  EXPECT_TRUE(
      Says(MessageOf([&] { source.Part(CorpusPart::kTraining, 0.1); }), "too few documents"));
}

TEST_F(TokenSources, OfFewDocumentsOneIsHeldOut) {
  const auto source = Open({Megatron("a", 3)});
  EXPECT_EQ(All(*source.Part(CorpusPart::kValidation, 0.01)), (std::vector<int32_t>{1, 1, 1}));
}

TEST_F(TokenSources, ATokenBeyondTheVocabularyIsNamed) {
  const auto source = Open({Dump("a.bin", {1, 2, 300})});
  EXPECT_NO_THROW(source.RequireTokens(301));
  const std::string message = MessageOf([&] { source.RequireTokens(257); });
  EXPECT_TRUE(Says(message, "a.bin: element 2 is 300, and tokens are from 0 to 256"));
  EXPECT_TRUE(Says(message, "{kind: none, vocabulary: N}"));
}

TEST_F(TokenSources, IdentityIsContentAndHowItIsRead) {
  const std::string a = Dump("a.bin", {1, 2}), same = Dump("b.bin", {1, 2});
  EXPECT_EQ(Open({a}).Identity(), Open({same}).Identity());
  EXPECT_NE(Open({a}).Identity(), Open({Dump("c.bin", {1, 3})}).Identity());
  EXPECT_NE(Open({a}).Identity(), TokenSource({a}, TokenElement::kUint32).Identity());
}

TEST_F(TokenSources, AnIndexWithoutItsTokensIsAMistake) {
  Put(folder_ / "a.idx", MegatronOf({1}).Text());
  EXPECT_TRUE(Says(MessageOf([&] { Open({(folder_ / "a.idx").native()}); }), "a.bin"));
}

TEST_F(TokenSources, NoFilesAreAMistake) {
  EXPECT_TRUE(Says(MessageOf([] { Open({}); }), "names no files"));
}

}  // namespace
}  // namespace upcycle
