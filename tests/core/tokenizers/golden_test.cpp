// The tokens that other programs' libraries make of the same texts with the same files
// (tests/golden/tokenizer_cases.py).
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/tokenizers/text_stream.h"
#include "core/tokenizers/tokenizer.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using nlohmann::json;

const fs::path kCases = UPCYCLE_TOKENIZER_CASES;

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::vector<std::string> Texts() {
  std::vector<std::string> texts;
  for (const json& text : json::parse(ReadTextFile(kCases / "texts.json"))) {
    texts.push_back(text.contains("hex") ? FromHex(text["hex"]) : text["text"].get<std::string>());
  }
  return texts;
}

class TokenizerGolden : public testing::TestWithParam<const char*> {
 protected:
  TokenizerGolden()
      : folder_(kCases / GetParam()),
        texts_(Texts()),
        expected_(json::parse(ReadTextFile(folder_ / "expected.json"))),
        tokenizer_(Tokenizer::Load(folder_)) {}

  std::vector<int32_t> ExpectedTokens(size_t i) const { return expected_["tokens"][i]; }

  fs::path folder_;
  std::vector<std::string> texts_;
  json expected_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_P(TokenizerGolden, EncodesEachTextIntoTheSameTokens) {
  ASSERT_EQ(expected_["tokens"].size(), texts_.size());
  for (size_t i = 0; i < texts_.size(); ++i) {
    EXPECT_EQ(tokenizer_->Encode(texts_[i]), ExpectedTokens(i)) << i << ": " << texts_[i];
  }
}

TEST_P(TokenizerGolden, DecodesTheTokensIntoTheSameText) {
  for (size_t i = 0; i < texts_.size(); ++i) {
    const std::string decoded = expected_["decoded"].value(std::to_string(i), texts_[i]);
    EXPECT_EQ(tokenizer_->Decode(ExpectedTokens(i)), decoded) << i << ": " << texts_[i];
  }
}

TEST_P(TokenizerGolden, PutsTheSameTokensAroundAText) {
  EXPECT_EQ(tokenizer_->EncodeWhole("the"), expected_["the_whole"].get<std::vector<int32_t>>());
}

TEST_P(TokenizerGolden, PiecesCutWhereItAllowsHaveTheTokensOfTheWhole) {
  std::string whole;
  for (const std::string& text : texts_) whole += text + " and the river ";
  std::vector<int32_t> tokens;
  for (std::string_view rest = whole; !rest.empty();) {
    const size_t cut = tokenizer_->CutAfter(rest, 1);
    ASSERT_GT(cut, 0u);
    tokenizer_->Encode(rest.substr(0, cut), tokens);
    rest.remove_prefix(cut);
  }
  EXPECT_EQ(tokens, tokenizer_->Encode(whole));
}

TEST_P(TokenizerGolden, AStreamGivesTheTextOfAllItsTokens) {
  for (size_t i = 0; i < texts_.size(); ++i) {
    const std::string decoded = tokenizer_->Decode(ExpectedTokens(i));
    if (decoded.find("\uFFFD") != std::string::npos) continue;
    TextStream stream(*tokenizer_);
    std::string text;
    for (const int32_t token : ExpectedTokens(i)) text += stream.Add(token);
    EXPECT_EQ(text + stream.Finish(), decoded);
  }
}

TEST_P(TokenizerGolden, IsSavedByteForByte) {
  TemporaryFolder folder;
  tokenizer_->Save(folder.path());
  size_t files = 0;
  for (const auto& file : fs::directory_iterator(folder_)) {
    if (file.path().filename() == "expected.json") continue;
    EXPECT_EQ(ReadTextFile(folder / file.path().filename().native()), ReadTextFile(file.path()));
    ++files;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}),
            static_cast<ptrdiff_t>(files));
}

TEST_P(TokenizerGolden, AFileOfAnotherNameLoadsAndIsSavedAsAFolder) {
  const TemporaryFolder folder;
  for (const char* name : {"tokenizer.json", "tokenizer.model", "tokenizer.bin"}) {
    if (!fs::exists(folder_ / name)) continue;
    const fs::path file =
        (folder / "of_another_name").replace_extension(fs::path(name).extension());
    fs::copy(folder_ / name, file);
    fs::create_directory(folder / "saved");
    Tokenizer::Load(file)->Save(folder / "saved");
    EXPECT_EQ(NamesIn(folder / "saved"), std::set<std::string>{name});
    EXPECT_EQ(Tokenizer::Load(folder / "saved")->Encode(texts_[10]), ExpectedTokens(10));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, TokenizerGolden,
                         testing::Values("gpt2", "llama3", "qwen", "neox", "added_tokens", "llama2",
                                         "mistral", "gemma", "metaspace", "metaspace_never",
                                         "pieces_1", "pieces_2", "pieces_3", "pieces_4",
                                         "bytes_in_between", "sentencepiece_bpe",
                                         "sentencepiece_unigram", "llama2c"),
                         [](const auto& parameter) { return std::string(parameter.param); });

struct Named {
  const char* name;
  std::optional<int32_t> begin;
  std::optional<int32_t> end;
};

TEST(TokenizerGolden, FindsTheTokensThatTheFilesNameForBeginAndEndOfText) {
  for (const Named& named :
       {Named{"gpt2", std::nullopt, 326}, Named{"llama3", 327, 328},
        Named{"qwen", std::nullopt, 328}, Named{"neox", 326, 326}, Named{"llama2", 1, 2},
        Named{"sentencepiece_bpe", 1, 2}, Named{"llama2c", 1, 2}}) {
    const auto tokenizer = Tokenizer::Load(kCases / named.name);
    EXPECT_EQ(tokenizer->BeginOfText(), named.begin) << named.name;
    EXPECT_EQ(tokenizer->EndOfText(), named.end) << named.name;
  }
  EXPECT_FALSE(Tokenizer::Load(kCases / "bytes_in_between")->HasEndOfText());
}

TEST(TokenizerGolden, SavesWhatProgramsExpectBesideATokenizerAndNoMore) {
  const TemporaryFolder from, to;
  fs::copy(kCases / "llama3", from.path());
  for (const char* name : {"generation_config.json", "chat_template.jinja", "tokenizer.model",
                           "vocab.json", "merges.txt", "added_tokens.json"}) {
    Put(from / name, "{}");
  }
  Put(from / "special_tokens_map.json", "{}\n");
  fs::remove(from / "expected.json");
  const std::set<std::string> all = NamesIn(from.path());
  Put(from / "model.safetensors", "weights");
  Tokenizer::Load(from.path())->Save(to.path());
  EXPECT_EQ(NamesIn(to.path()), all);
  EXPECT_EQ(ReadTextFile(to / "special_tokens_map.json"), "{}\n");
}

// The folder has another one, which would be found first.
TEST(TokenizerGolden, ASentencepieceModelThatWasAskedForIsSavedAlone) {
  const TemporaryFolder from, to;
  fs::copy(kCases / "llama3", from.path());
  fs::copy(kCases / "sentencepiece_bpe" / "tokenizer.model", from / "tokenizer.model");
  fs::remove(from / "tokenizer_config.json");
  Tokenizer::Load(from / "tokenizer.model")->Save(to.path());
  EXPECT_EQ(NamesIn(to.path()), std::set<std::string>{"tokenizer.model"});
}

TEST(TokenizerGolden, CutsWhereNoTokenCanReachOver) {
  const std::string_view text = "the miller and the river";
  for (const char* name : {"gpt2", "llama3", "qwen", "neox", "gemma", "metaspace"}) {
    EXPECT_EQ(Tokenizer::Load(kCases / name)->CutAfter(text, 4), 10u) << name;
  }
  // A space before each text, tokens over several words, unknown patterns: no place is safe.
  for (const char* name : {"llama2", "mistral", "pieces_1", "added_tokens", "sentencepiece_bpe"}) {
    EXPECT_EQ(Tokenizer::Load(kCases / name)->CutAfter(text, 4), text.size()) << name;
  }
}

}  // namespace
}  // namespace upcycle
