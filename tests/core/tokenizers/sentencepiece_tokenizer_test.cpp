#include "core/tokenizers/sentencepiece_tokenizer.h"

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/core/tokenizers/piece_file.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

const fs::path kCases = UPCYCLE_TOKENIZER_CASES;

TEST(SentencepieceTokenizer, SaysThatAFileIsNoModel) {
  const TemporaryFolder folder;
  for (const std::string& content :
       {std::string(), std::string("hello"), std::string(99, '\xFF')}) {
    const fs::path path = Put(folder / "tokenizer.model", content);
    EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(path); }), "no sentencepiece model"));
  }
}

TEST(SentencepieceTokenizer, RefusesTokensThatWereAddedBesideTheModel) {
  const TemporaryFolder folder;
  Put(folder / "tokenizer.model", ReadTextFile(kCases / "sentencepiece_bpe" / "tokenizer.model"));
  Put(folder / "added_tokens.json", R"({"</s>": 2})");
  EXPECT_NO_THROW(Tokenizer::Load(folder.path()));
  Put(folder / "added_tokens.json", R"({"<pad>": 32000})");
  EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(folder.path()); }), "<pad>"));
  fs::remove(folder / "added_tokens.json");
  Put(folder / "tokenizer_config.json",
      R"({"added_tokens_decoder": {"0": {"content": "<unk>"}, "2": {"content": "</s>"}}})");
  EXPECT_NO_THROW(Tokenizer::Load(folder.path()));
  Put(folder / "tokenizer_config.json", R"({"added_tokens_decoder": {"9": {"content": "<x>"}}})");
  EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(folder.path()); }), "added_tokens_decoder.9"));
}

TEST(SentencepieceTokenizer, PutsAroundATextWhatTheConfigurationSays) {
  const TemporaryFolder folder;
  Put(folder / "tokenizer.model", ReadTextFile(kCases / "sentencepiece_bpe" / "tokenizer.model"));
  Put(folder / "tokenizer_config.json", R"({"add_bos_token": false, "add_eos_token": true})");
  const auto tokenizer = Tokenizer::Load(folder.path());
  EXPECT_EQ(tokenizer->TokensBefore().size(), 0u);
  ASSERT_EQ(tokenizer->TokensAfter().size(), 1u);
  EXPECT_EQ(tokenizer->TokensAfter()[0], tokenizer->EndOfText());
}

// Of a unigram model the library's sums lose digits in it.
TEST(SentencepieceTokenizer, ALongTextHasTheLibrarysTokens) {
  for (const char* name : {"sentencepiece_bpe", "sentencepiece_unigram"}) {
    const fs::path path = kCases / name / "tokenizer.model";
    std::string text;
    while (text.size() < 300'000) {
      text += "the miller's -------- aaaaaaaaaaaaaaa river, the caf\u00E9 \uFF21 ________ and ";
    }
    const PieceLibrary library(ReadTextFile(path));
    EXPECT_EQ(Tokenizer::Load(path)->Encode(text), library.Tokens(text)) << name;
  }
}

TEST(SentencepieceTokenizer, OtherKindsOfModelsHaveTheLibrarysTokens) {
  const TemporaryFolder folder;
  const std::vector<std::string> lines = {"the miller and the river", "the river and the miller's"};
  for (const char* type : {"word", "char"}) {
    const std::string file = TrainedPieceFile(
        {{"model_type", type}, {"vocab_size", "30"}, {"use_all_vocab", "true"}}, lines);
    const auto tokenizer = Tokenizer::Load(Put(folder / "tokenizer.model", file));
    const std::string text = "the river's miller, and  the caf\u00E9";
    EXPECT_EQ(tokenizer->Encode(text), PieceLibrary(file).Tokens(text)) << type;
  }
}

TEST(SentencepieceTokenizer, UnusedPiecesBecomeWhatTheyWereMergedFrom) {
  const TemporaryFolder folder;
  const PieceModel model = {.kind = PieceModel::Kind::kBpe,
                            .pieces = {{"<unk>", 0, PieceKind::kUnknown},
                                       {"ab", -1, PieceKind::kUnused},
                                       {"a", -2},
                                       {"b", -3},
                                       {"\u2581", -4}}};
  const auto tokenizer = Tokenizer::Load(Put(folder / "tokenizer.model", PieceFile(model)));
  EXPECT_EQ(tokenizer->Encode("ab a"), (std::vector<int32_t>{4, 2, 3, 4, 2}));
}

TEST(SentencepieceTokenizer, PiecesThatTheLibraryCannotTakeAreRefused) {
  const TemporaryFolder folder;
  const PieceModel model = {
      .pieces = {{"<unk>", 0, PieceKind::kUnknown}, {std::string("\0a", 2), -1}}};
  const fs::path path = Put(folder / "tokenizer.model", PieceFile(model));
  EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(path); }), "no sentencepiece model"));
}

TEST(SentencepieceTokenizer, DamagedRulesOfAModelAreRefused) {
  const TemporaryFolder folder;
  PieceModel model = {.pieces = {{"<unk>", 0, PieceKind::kUnknown}, {"a", -2}}};
  model.character_map = std::string("\x04\0\0\0\xFF\xFF\xFF\x7F", 8) + "abc";
  const fs::path path = Put(folder / "tokenizer.model", PieceFile(model));
  const std::string message = MessageOf([&] { Tokenizer::Load(path); });
  EXPECT_TRUE(Says(message, "damaged"));
  EXPECT_TRUE(Says(message, path.native()));
}

}  // namespace
}  // namespace upcycle
