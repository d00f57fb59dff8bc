#include "core/tokenizers/sentencepiece_tokenizer.h"

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/core/data/real_data.h"
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

TEST(SentencepieceTokenizer, ALongTextHasTheTokensOfItsWords) {
  for (const char* name : {"sentencepiece_bpe", "sentencepiece_unigram"}) {
    const auto tokenizer = Tokenizer::Load(kCases / name);
    std::string text;
    std::vector<int32_t> expected;
    for (int i = 0; i < 2000; ++i) {
      const std::string word = i % 3 == 0 ? "miller's" : i % 3 == 1 ? "river" : "caf\u00E9";
      text += (i == 0 ? "" : " ") + word;
      tokenizer->Encode(word, expected);
    }
    EXPECT_EQ(tokenizer->Encode(text), expected) << name;
  }
}

}  // namespace
}  // namespace upcycle
