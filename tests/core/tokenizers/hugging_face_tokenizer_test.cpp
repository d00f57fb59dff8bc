#include "core/tokenizers/hugging_face_tokenizer.h"

#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/stopwatch.h"
#include "core/tokenizers/byte_tokenizer.h"
#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using nlohmann::json;

const fs::path kCases = UPCYCLE_TOKENIZER_CASES;

// Letters a, b, c and the tokens that merges make of them.
json Plain() {
  return json::parse(R"({"version": "1.0", "added_tokens": [], "normalizer": null,
    "pre_tokenizer": null, "post_processor": null, "decoder": {"type": "Fuse"},
    "model": {"type": "BPE", "unk_token": "?",
              "vocab": {"?": 0, "a": 1, "b": 2, "c": 3, "ab": 4, "abc": 5},
              "merges": ["a b", ["ab", "c"]]}})");
}

std::unique_ptr<Tokenizer> Made(const TemporaryFolder& folder, const json& file) {
  Put(folder / "tokenizer.json", file.dump());
  return Tokenizer::Load(folder.path());
}

// What is said of the file that `change` makes of a plain one.
std::string RefusalOf(const json& patch) {
  const TemporaryFolder folder;
  json file = Plain();
  file.merge_patch(patch);
  return MessageOf([&] { Made(folder, file); });
}

TEST(HuggingFaceTokenizer, ReadsMergesOfBothForms) {
  const TemporaryFolder folder;
  EXPECT_EQ(Made(folder, Plain())->Encode("abcabxc"), (std::vector<int32_t>{5, 4, 0, 3}));
}

TEST(HuggingFaceTokenizer, ReadsAFileWithoutTheTypeOfItsModel) {
  const TemporaryFolder folder;
  json file = Plain();
  file["model"].erase("type");
  EXPECT_EQ(Made(folder, file)->Encode("ab"), (std::vector<int32_t>{4}));
}

TEST(HuggingFaceTokenizer, JoinsTokensWithSpacesWhereThereIsNoDecoder) {
  const TemporaryFolder folder;
  json file = Plain();
  file["decoder"] = nullptr;
  EXPECT_EQ(Made(folder, file)->Decode(std::vector<int32_t>{1, 4, 5}), "a ab abc");
}

TEST(HuggingFaceTokenizer, NumbersThatNoTokenHasStandForNothing) {
  const TemporaryFolder folder;
  json file = Plain();
  file["added_tokens"] = json::parse(R"([{"id": 9, "content": "<x>", "special": false}])");
  const auto tokenizer = Made(folder, file);
  EXPECT_EQ(tokenizer->Vocabulary(), 10);
  EXPECT_EQ(tokenizer->Decode(std::vector<int32_t>{1, 7, 9}), "a<x>");
}

TEST(HuggingFaceTokenizer, RefusesWhatItDoesNotSupportByName) {
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"type", "Unigram"}}}}), "Unigram"));
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"dropout", 0.1}}}}), "dropout"));
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"end_of_word_suffix", "</w>"}}}}), "end_of_word_suffix"));
  EXPECT_TRUE(Says(RefusalOf({{"normalizer", {{"type", "Precompiled"}}}}), "Precompiled"));
  EXPECT_TRUE(
      Says(RefusalOf({{"pre_tokenizer", {{"type", "BertPreTokenizer"}}}}), "BertPreTokenizer"));
  EXPECT_TRUE(Says(RefusalOf({{"decoder", {{"type", "WordPiece"}}}}), "decoder"));
  EXPECT_TRUE(
      Says(RefusalOf({{"post_processor", {{"type", "BertProcessing"}}}}), "BertProcessing"));
  EXPECT_TRUE(Says(
      RefusalOf({{"normalizer", {{"type", "Strip"}, {"strip_left", true}, {"strip_right", true}}},
                 {"added_tokens", {{{"id", 7}, {"content", "  "}}}}}),
      "normalising leaves nothing"));
  const json pattern = {{"Regex", "[[:alpha:]]"}};
  EXPECT_TRUE(Says(RefusalOf({{"pre_tokenizer",
                               {{"type", "Sequence"},
                                {"pretokenizers",
                                 {{{"type", "Split"},
                                   {"pattern", pattern},
                                   {"behavior", "Isolated"},
                                   {"invert", false}}}}}}}),
                   "pre_tokenizer.pretokenizers[0].pattern.Regex"));
}

TEST(HuggingFaceTokenizer, RefusesDamageWithItsPlace) {
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"merges", {"a z"}}}}}), "model.merges[0] needs \"z\""));
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"merges", {"b c"}}}}}), "\"bc\""));
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"merges", {"a  b"}}}}}), "model.merges[0]"));
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"merges", {7}}}}}), "model.merges[0]"));
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"vocab", {{"a", -1}}}}}}), "model.vocab.a"));
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"vocab", {{"a", 4000000000}}}}}}), "model.vocab.a"));
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"vocab", {{"a", 2}}}}}}), "is 2, as is that of"));
  EXPECT_TRUE(Says(RefusalOf({{"model", {{"unk_token", "nope"}}}}), "model.unk_token"));
  EXPECT_TRUE(Says(RefusalOf({{"model", nullptr}}), "model"));
  EXPECT_TRUE(Says(RefusalOf({{"added_tokens", {{{"id", 7}, {"content", "a"}}}}}), "has the id 7"));
  EXPECT_TRUE(Says(
      RefusalOf({{"added_tokens", {{{"id", 7}, {"content", "x"}}, {{"id", 7}, {"content", "y"}}}}}),
      "added_tokens[1]"));
}

TEST(HuggingFaceTokenizer, RefusesComponentsNestedWithoutEnd) {
  json nested = {{"type", "NFC"}};
  for (int i = 0; i < 1000; ++i) nested = {{"type", "Sequence"}, {"normalizers", {nested}}};
  EXPECT_TRUE(Says(RefusalOf({{"normalizer", nested}}), "nested too deeply"));
}

TEST(HuggingFaceTokenizer, RefusesAKeyThatIsThereTwice) {
  const TemporaryFolder folder;
  Put(folder / "tokenizer.json", R"({"model": {"type": "BPE", "vocab": {"a": 0, "a": 1}}})");
  EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(folder.path()); }), "the key \"a\" twice"));
}

TEST(HuggingFaceTokenizer, RefusesNamesOfTokensThatDoNotExist) {
  const TemporaryFolder folder;
  Put(folder / "tokenizer_config.json", R"({"eos_token": "</s>"})");
  EXPECT_TRUE(Says(MessageOf([&] { Made(folder, Plain()); }), "</s>"));
  Put(folder / "tokenizer_config.json", "{}");
  Put(folder / "config.json", R"({"eos_token_id": [99, 3]})");
  EXPECT_TRUE(Says(MessageOf([&] { Made(folder, Plain()); }), "99"));
  Put(folder / "config.json", R"({"eos_token_id": [3, 99]})");
  EXPECT_EQ(Made(folder, Plain())->EndOfText(), 3);
}

TEST(HuggingFaceTokenizer, WithoutEndOfTextSaysHowToNameIt) {
  const TemporaryFolder folder;
  const auto tokenizer = Made(folder, Plain());
  EXPECT_FALSE(tokenizer->HasEndOfText());
  EXPECT_TRUE(Says(MessageOf([&] { tokenizer->EndOfText(); }), "eos_token"));
}

TEST(HuggingFaceTokenizer, ReadsOurOwnByteTokenizer) {
  const TemporaryFolder folder;
  ByteTokenizer().Save(folder.path());
  fs::remove(folder / "tokenizer_config.json");
  const auto tokenizer = Tokenizer::Load(folder.path());
  EXPECT_EQ(tokenizer->Encode("a \u00E9\n"), ByteTokenizer().Encode("a \u00E9\n"));
  EXPECT_EQ(tokenizer->EndOfText(), 256);
}

TEST(HuggingFaceTokenizer, AFolderWithoutATokenizerSaysWhatItLooksFor) {
  const TemporaryFolder folder;
  EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(folder.path()); }), "tokenizer.json"));
  Put(folder / "x.txt", "");
  EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(folder / "x.txt"); }), "no tokenizer"));
}

TEST(HuggingFaceTokenizer, AWordOfAMillionLettersTakesNoTimeToSpeakOf) {
  const auto tokenizer = Tokenizer::Load(kCases / "gpt2");
  const std::string word(1'000'000, 'e');
  const Stopwatch stopwatch;
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(word)), word);
  EXPECT_LT(stopwatch.Seconds(), 30);  // quadratic work takes hours
}

TEST(HuggingFaceTokenizer, AMillionSpacesTakeNoTimeWhereTokensTakeSpaceAlong) {
  json file = json::parse(ReadTextFile(kCases / "added_tokens" / "tokenizer.json"));
  file["added_tokens"].push_back({{"id", 900}, {"content", "\t"}, {"rstrip", true}});
  const TemporaryFolder folder;
  const auto tokenizer = Made(folder, file);
  const Stopwatch stopwatch;
  tokenizer->Encode(std::string(1'000'000, ' '));
  tokenizer->Encode(std::string(1'000'000, '\t'));
  EXPECT_LT(stopwatch.Seconds(), 30);  // quadratic work takes hours
}

TEST(HuggingFaceTokenizer, ThreadsGetTheSameTokens) {
  const auto tokenizer = Tokenizer::Load(kCases / "llama3");
  std::string text;
  for (int i = 0; i < 2000; ++i) text += " the miller's river " + std::to_string(i * 7919);
  const std::vector<int32_t> expected = Tokenizer::Load(kCases / "llama3")->Encode(text);
  std::vector<std::vector<int32_t>> got(4);
  std::vector<std::thread> threads;
  for (auto& tokens : got) {
    threads.emplace_back([&] { tokens = tokenizer->Encode(text); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& tokens : got) EXPECT_EQ(tokens, expected);
}

}  // namespace
}  // namespace upcycle
