#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/tokenizers/bpe_trainer.h"
#include "core/tokenizers/byte_tokenizer.h"
#include "tests/caught_error.h"
#include "tests/core/data/real_data.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

// Text that has everything a tokenizer can stumble over.
const std::vector<std::string> kNastyTexts = {
    "",
    " ",
    "   ",
    "\n",
    "a\n\n\nb\n",
    "\r\n\t\v\f",
    " leading and trailing ",
    "many     spaces  between   words",
    "  \n  indented\n    more\n",
    "tab\tseparated\tvalues",
    std::string("nul\0inside", 10),
    "caf\u00E9 na\u00EFve \u00DCber",
    "cafe\u0301 \uFB01 \u212B \u00A0\u2003\u200B",  // what normalisation would change
    "\u2581 \u2581\u2581a \u2585\u2585 b",          // sentencepiece's own signs
    "\u4F60\u597D\uFF0C\u4E16\u754C\u3002",
    "\U0001F600\U0001F468\u200D\U0001F469\u200D\U0001F467",
    "<unk> <|endoftext|> <0x0A> </s>",
    "\uFEFFbyte order mark",
    std::string(5000, 'x'),
    "\xFF\xFE\xC3(\xE2\x96 \xF0\x9F\x98 \xED\xA0\x80",  // not UTF-8
    "0123456789 1,234.56",
};

std::string AllBytes() {
  std::string bytes;
  for (int i = 0; i < 65536; ++i)
    bytes += static_cast<char>(i / 256), bytes += static_cast<char>(i);
  return bytes;
}

constexpr std::string_view kTrainingText =
    "Once there was a miller who lived by the river, and the miller had three sons.\n"
    "The eldest son went to the town; the second went to the sea; the youngest stayed.\n"
    "  He stayed by the mill, by the river, and learned the trade of the miller.\n"
    "In the year 1743 the river rose, and the mill was lost.   But the miller was not.\n"
    "Caf\u00E9 caf\u00E9 caf\u00E9, \u4F60\u597D.\n";

std::unique_ptr<BpeTokenizer> SmallBpe(int64_t vocabulary = 330) {
  BpeTrainer trainer;
  trainer.Add(kTrainingText);
  return trainer.Train(vocabulary);
}

void ExpectRoundTrips(const Tokenizer& tokenizer) {
  for (const std::string& text : kNastyTexts) {
    EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text)), text);
  }
  EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(AllBytes())), AllBytes());
}

TEST(ByteTokenizer, EachByteIsAToken) {
  const ByteTokenizer bytes;
  EXPECT_EQ(bytes.Encode("a\xFF"), (std::vector<int32_t>{97, 255}));
  EXPECT_EQ(bytes.Vocabulary(), 257);
  EXPECT_EQ(bytes.EndOfText(), 256);
  EXPECT_EQ(bytes.Decode(std::vector<int32_t>{97, 256, 98}), "ab");
}

TEST(ByteTokenizer, GivesEveryTextBack) { ExpectRoundTrips(ByteTokenizer()); }

TEST(BpeTokenizer, GivesEveryTextBack) { ExpectRoundTrips(*SmallBpe()); }

TEST(BpeTokenizer, HasAsManyPiecesAsItWasAskedFor) {
  const auto tokenizer = SmallBpe();
  EXPECT_EQ(tokenizer->Vocabulary(), 330);
  TokenizerSettings settings;
  settings.kind = TokenizerKind::kBpe;
  settings.vocabulary = 330;
  EXPECT_EQ(VocabularyOf(settings), 330);
}

TEST(BpeTokenizer, LearnsTheWordsOfItsText) {
  const auto tokenizer = SmallBpe(340);
  const auto tokens = tokenizer->Encode(" the miller by the river");
  EXPECT_LE(tokens.size(), 8u);
  EXPECT_EQ(tokenizer->Encode(" the").size(), 1u);
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(" the")), " the");
}

TEST(BpeTokenizer, DigitsAreTokensOfTheirOwn) { EXPECT_EQ(SmallBpe()->Encode("1743").size(), 4u); }

TEST(BpeTokenizer, EndOfTextIsNoText) {
  const auto tokenizer = SmallBpe();
  for (const int32_t token : tokenizer->Encode("<|endoftext|>")) {
    EXPECT_NE(token, tokenizer->EndOfText());
  }
  EXPECT_EQ(tokenizer->Decode(std::vector<int32_t>{tokenizer->EndOfText()}), "");
}

TEST(BpeTokenizer, LinesAreEncodedIndependently) {
  const auto tokenizer = SmallBpe();
  const std::string first = "the miller \n", second = " the river\n\n the";
  auto joined = tokenizer->Encode(first);
  tokenizer->Encode(second, joined);
  EXPECT_EQ(tokenizer->Encode(first + second), joined);
}

TEST(BpeTokenizer, WhatItRemembersDoesNotChangeWhatItSays) {
  const auto fresh = SmallBpe();
  const auto used = SmallBpe();
  for (int i = 0; i < 2; ++i) used->Encode(kTrainingText);
  EXPECT_EQ(used->Encode(kTrainingText), fresh->Encode(kTrainingText));
}

TEST(BpeTrainer, TheSameTextGivesTheSameModelInAnyOrder) {
  BpeTrainer forwards, backwards;
  const std::vector<std::string> lines = {"the miller and the river\n", "by the sea\n", "  mill\n"};
  for (auto line = lines.begin(); line != lines.end(); ++line) forwards.Add(*line);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) backwards.Add(*line);
  TemporaryFolder one, two;
  forwards.Train(285)->Save(one.path());
  backwards.Train(285)->Save(two.path());
  EXPECT_EQ(ReadTextFile(one / "tokenizer.model"), ReadTextFile(two / "tokenizer.model"));
  EXPECT_EQ(ReadTextFile(one / "tokenizer.json"), ReadTextFile(two / "tokenizer.json"));
}

TEST(BpeTrainer, WritesNothingToTheTerminalOrTheFolder) {
  TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  SmallBpe();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  fs::current_path(before);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(BpeTrainer, ATooLargeVocabularySaysTheLargestPossible) {
  BpeTrainer trainer;
  trainer.Add(kTrainingText);
  const std::string message = MessageOf([&] { trainer.Train(5000); });
  const std::string_view phrase = "allows at most ";
  ASSERT_TRUE(Says(message, phrase));
  const int64_t largest = std::stoll(message.substr(message.find(phrase) + phrase.size()));
  EXPECT_EQ(trainer.Train(largest)->Vocabulary(), largest);
  EXPECT_TRUE(Says(MessageOf([&] { trainer.Train(largest + 1); }), std::to_string(largest)));
}

TEST(BpeTrainer, TheSmallestVocabularyOfARecipeIsEnoughForAnyText) {
  BpeTrainer trainer;
  std::string text;
  for (int32_t i = 0; i < 2000; ++i) {  // 200 different characters and all pairs of letters
    text += static_cast<char>('a' + i % 26), text += static_cast<char>('a' + i / 26 % 26);
    text += "\xC3", text += static_cast<char>(0x80 + i % 64);
    text += "\xC4", text += static_cast<char>(0x80 + i / 3 % 64), text += ' ';
  }
  trainer.Add(text);
  const auto tokenizer = trainer.Train(300);
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
}

// Han text of `count` characters, 400 different ones, in lines of 40: no space anywhere.
std::string HanText(int32_t count) {
  std::string text;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t character = 0x4E00 + i * i % 401;
    text += static_cast<char>(0xE0 | (character >> 12));
    text += static_cast<char>(0x80 | ((character >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (character & 0x3F));
    if (i % 40 == 39) text += '\n';
  }
  return text;
}

TEST(BpeTrainer, TextWithoutSpacesGivesATokenizerThatGivesSpacesBack) {
  std::string lines;
  for (int i = 0; i < 3000; ++i) {
    lines += static_cast<char>('a' + i % 26), lines += static_cast<char>('a' + i / 26 % 26);
    lines += static_cast<char>('a' + i / 676), lines += '\n';
  }
  for (const std::string& text : {HanText(20000), lines}) {
    BpeTrainer trainer;
    trainer.Add(text);
    const auto tokenizer = trainer.Train(400);
    ExpectRoundTrips(*tokenizer);
    EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
    EXPECT_EQ(tokenizer->Encode(" ").size(), 1u);
  }
}

TEST(BpeTrainer, ASpaceAmongThousandsOfCharactersIsEnough) {
  BpeTrainer trainer;
  trainer.Add(HanText(20000) + "\u4E00 \u4E01\n");
  const auto tokenizer = trainer.Train(400);
  ExpectRoundTrips(*tokenizer);
  EXPECT_EQ(tokenizer->Encode(" ").size(), 1u);
}

TEST(BpeTrainer, TextOfOneWordIsRefusedWithWhatCanBeDone) {
  BpeTrainer trainer;
  for (int i = 0; i < 6000; ++i) trainer.Add("aaaa\n");
  EXPECT_EQ(MessageOf([&] { trainer.Train(300); }),
            "data.tokenizer.vocabulary is 300, but the training text allows at most 263 pieces: "
            "give more text, or set data.tokenizer: bytes");
}

TEST(BpeTrainer, TextWithoutWordsIsRefused) {
  BpeTrainer trainer;
  trainer.Add("\n\n\t\n");
  EXPECT_TRUE(Says(MessageOf([&] { trainer.Train(300); }), "no words"));
}

TEST(TokenizerFolder, BothKindsComeBackAsTheyWere) {
  TemporaryFolder folder;
  const auto bpe = SmallBpe();
  const ByteTokenizer bytes;
  for (const Tokenizer* tokenizer :
       {static_cast<const Tokenizer*>(bpe.get()), static_cast<const Tokenizer*>(&bytes)}) {
    const fs::path place = folder / std::to_string(tokenizer->Vocabulary());
    fs::create_directory(place);
    tokenizer->Save(place);
    const auto loaded = Tokenizer::Load(place);
    EXPECT_EQ(loaded->Vocabulary(), tokenizer->Vocabulary());
    EXPECT_EQ(loaded->EndOfText(), tokenizer->EndOfText());
    EXPECT_EQ(loaded->Encode(kTrainingText), tokenizer->Encode(kTrainingText));
    ExpectRoundTrips(*loaded);
  }
}

TEST(TokenizerFolder, HuggingFaceFindsEveryTokenUnderItsNumber) {
  TemporaryFolder folder;
  SmallBpe()->Save(folder.path());
  const auto json = nlohmann::json::parse(ReadTextFile(folder / "tokenizer.json"));
  EXPECT_EQ(json["model"]["type"], "BPE");
  EXPECT_EQ(json["model"]["vocab"].size(), 330u);
  EXPECT_EQ(json["model"]["vocab"]["<0x00>"], 2);
  EXPECT_EQ(json["model"]["vocab"]["<|endoftext|>"], 1);
  EXPECT_EQ(json["model"]["byte_fallback"], true);
  EXPECT_GT(json["model"]["merges"].size(), 10u);
  const auto config = nlohmann::json::parse(ReadTextFile(folder / "tokenizer_config.json"));
  EXPECT_EQ(config["eos_token"], "<|endoftext|>");
}

TEST(TokenizerFolder, ByteLevelJsonNamesBytesAsGpt2Does) {
  TemporaryFolder folder;
  ByteTokenizer().Save(folder.path());
  const auto json = nlohmann::json::parse(ReadTextFile(folder / "tokenizer.json"));
  const auto& vocabulary = json["model"]["vocab"];
  EXPECT_EQ(vocabulary.size(), 257u);
  EXPECT_EQ(vocabulary["A"], 65);
  EXPECT_EQ(vocabulary["\u0120"], 32);   // space
  EXPECT_EQ(vocabulary["\u010A"], 10);   // newline
  EXPECT_EQ(vocabulary["\u0143"], 173);  // soft hyphen
  EXPECT_EQ(vocabulary["\u00FF"], 255);
}

TEST(TokenizerFolder, AnyDamageIsRefused) {
  TemporaryFolder good;
  SmallBpe()->Save(good.path());
  for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
    const std::string content = ReadTextFile(good / name);
    for (const size_t at : {size_t{0}, content.size() / 2, content.size() - 1}) {
      std::string damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ 1);
      Put(good / name, damaged);
      EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(good.path()); }), name));
    }
    Put(good / name, content.substr(0, content.size() - 1));
    EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(good.path()); }), name));
    fs::remove(good / name);
    EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(good.path()); }), name));
    Put(good / name, content);
  }
  EXPECT_NO_THROW(Tokenizer::Load(good.path()));
}

TEST(TokenizerFolder, AForeignConfigurationIsRefused) {
  TemporaryFolder folder;
  ByteTokenizer().Save(folder.path());
  for (const char* content :
       {"", "[]", R"({"upcycle":1})", R"({"upcycle":{"kind":"bytes"}})",
        R"({"upcycle":{"kind":"bytes","files":{}}})", R"({"upcycle":{"kind":3,"files":[]}})"}) {
    Put(folder / "tokenizer_config.json", content);
    EXPECT_TRUE(Says(MessageOf([&] { Tokenizer::Load(folder.path()); }), "tokenizer_config.json"));
  }
}

TEST(BpeTokenizer, BytesThatAreNoModelOfOursAreRefused) {
  for (const std::string& model : {std::string(), std::string("hello"), std::string(100, '\xFF')}) {
    EXPECT_TRUE(Says(MessageOf([&] { BpeTokenizer tokenizer(model); }), "sentencepiece model"));
  }
}

TEST(BpeTokenizer, ForeignModelsThatChangeTextAreRefused) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const std::string model = ReadTextFile(*RealData() / "stories260K" / "tok512.model");
  EXPECT_TRUE(
      Says(MessageOf([&] { BpeTokenizer tokenizer(model); }), "not one that upcycle trained"));
}

TEST(BpeTokenizer, GivesWholeBooksBackAndCompressesThem) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const std::string text =
      ReadTextFile(*RealData() / "books" / "jane-austen_pride-and-prejudice.txt");
  BpeTrainer trainer;
  trainer.Add(text);
  const auto tokenizer = trainer.Train(2048);
  const auto tokens = tokenizer->Encode(text);
  EXPECT_EQ(tokenizer->Decode(tokens), text);
  EXPECT_LT(tokens.size() * 3, text.size());
}

}  // namespace
}  // namespace upcycle
