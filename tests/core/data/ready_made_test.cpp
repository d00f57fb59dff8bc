// Datasets of ready-made tokens.
#include <chrono>
#include <numeric>

#include <gtest/gtest.h>

#include "core/data/dataset.h"
#include "core/data/file_mistakes.h"
#include "core/tokenizers/byte_tokenizer.h"
#include "core/tokenizers/id_tokenizer.h"
#include "tests/caught_error.h"
#include "tests/core/data/token_files.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

Dataset Built(const DataSettings& settings, const fs::path& folder) {
  fs::create_directories(folder);
  BuildDataset(settings, folder);
  return OpenDataset(folder);
}

class ReadyMade : public testing::Test {
 protected:
  ReadyMade() {
    settings_.tokenizer.kind = TokenizerKind::kNone;
    settings_.tokenizer.vocabulary = 1000;
    SourceSettings source;
    source.name = "ready";
    source.kind = SourceKind::kTokens;
    source.files = {file_.native()};
    settings_.train = {source};
    WriteTokens(0);
  }

  void WriteTokens(uint16_t first) {
    std::vector<uint16_t> tokens(500);
    std::iota(tokens.begin(), tokens.end(), first);
    Put(file_, Bytes(tokens));
  }

  TemporaryFolder folder_;
  fs::path file_ = folder_ / "a.bin";
  DataSettings settings_;
};

TEST_F(ReadyMade, TokensAreReadWhereTheyLie) {
  const Dataset dataset = Built(settings_, folder_ / "data");
  EXPECT_EQ(dataset.train[0].tokens->count(), 490);
  EXPECT_EQ(dataset.validation[0].tokens->count(), 10);
  EXPECT_EQ(dataset.validation[0].tokens->text_bytes(), 0);
  std::vector<int32_t> token(1);
  dataset.train[0].tokens->Read(489, token);
  EXPECT_EQ(token[0], 499);
  EXPECT_EQ(dataset.tokenizer->Vocabulary(), 1000);
  EXPECT_EQ(dataset.tokenizer->EndOfText(), 999);
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "data")) {
    if (!entry.is_regular_file()) continue;
    EXPECT_LT(entry.file_size(), 1000u) << entry.path();
  }
}

TEST_F(ReadyMade, TokensOfAKnownTokenizerHaveTheirBytes) {
  std::vector<uint16_t> text;
  for (int i = 0; i < 100; ++i) text.push_back(i % 10 == 9 ? 256 : 'x');
  Put(file_, Bytes(text));
  settings_.tokenizer = {};
  settings_.held_out = 0.2;
  const Dataset dataset = Built(settings_, folder_ / "data");
  EXPECT_EQ(dataset.validation[0].tokens->count(), 20);
  EXPECT_EQ(dataset.validation[0].tokens->text_bytes(), 18);
}

TEST_F(ReadyMade, ATokenThatTheTokenizerLacksIsRefused) {
  settings_.tokenizer.vocabulary = 400;
  EXPECT_TRUE(Says(MessageOf([&] { Built(settings_, folder_ / "data"); }), "element 400 is 400"));
}

TEST_F(ReadyMade, TokensThatChangedAreNoLongerTheDataset) {
  Built(settings_, folder_ / "data");
  EXPECT_EQ(FindDatasetDamage(folder_ / "data"), "");
  fs::last_write_time(file_, fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(FindDatasetDamage(folder_ / "data"), "");  // the same content, written anew
  WriteTokens(1);
  fs::last_write_time(file_, fs::file_time_type::clock::now() + std::chrono::hours(2));
  EXPECT_TRUE(
      Says(FindDatasetDamage(folder_ / "data"), "a.bin, whose tokens it reads, has changed"));
  EXPECT_TRUE(
      Says(MessageOf([&] { OpenDataset(folder_ / "data"); }), "run the same command again"));
  fs::remove(file_);
  EXPECT_TRUE(Says(FindDatasetDamage(folder_ / "data"), "is not there any more"));
}

TEST_F(ReadyMade, TokensHaveTheTokenizerThatIsNamed) {
  fs::create_directories(folder_ / "tokenizer");
  ByteTokenizer().Save(folder_ / "tokenizer");
  settings_.tokenizer = {
      .kind = TokenizerKind::kFile, .vocabulary = 257, .path = (folder_ / "tokenizer").native()};
  Put(file_, Bytes(std::vector<uint16_t>(100, 'x')));
  const Dataset dataset = Built(settings_, folder_ / "data");
  EXPECT_EQ(dataset.tokenizer->Encode("ab"), (std::vector<int32_t>{'a', 'b'}));
  EXPECT_EQ(dataset.validation[0].tokens->text_bytes(), dataset.validation[0].tokens->count());
  const Fingerprint base = DatasetFingerprint(settings_);
  settings_.tokenizer.vocabulary = 300;
  EXPECT_TRUE(Says(MessageOf([&] { DatasetFingerprint(settings_); }),
                   "has 257 tokens; set data.tokenizer.vocabulary: 257"));
  const std::vector<FileMistake> mistakes = FindFileMistakes(settings_);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0].setting, "data.tokenizer.vocabulary");
  IdTokenizer(257, 0).Save(folder_ / "tokenizer");
  settings_.tokenizer.vocabulary = 257;
  EXPECT_NE(DatasetFingerprint(settings_), base);
}

TEST_F(ReadyMade, ATokenizerThatIsNotThereIsAMistakeOfItsPath) {
  settings_.tokenizer = {.kind = TokenizerKind::kFile, .path = (folder_ / "nowhere").native()};
  const std::vector<FileMistake> mistakes = FindFileMistakes(settings_);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0].setting, "data.tokenizer.path");
  EXPECT_TRUE(Says(mistakes[0].message, "nowhere"));
}

TEST_F(ReadyMade, TokensMayNotBeTrainedAndValidatedOn) {
  settings_.validation = settings_.train;
  EXPECT_TRUE(Says(MessageOf([&] { DatasetFingerprint(settings_); }), "is also trained on"));
}

TEST_F(ReadyMade, FingerprintFollowsTokensAndEndOfText) {
  const Fingerprint base = DatasetFingerprint(settings_);
  DataSettings ends = settings_;
  ends.tokenizer.end_of_text = 999;
  EXPECT_EQ(DatasetFingerprint(ends), base);
  ends.tokenizer.end_of_text = 0;
  EXPECT_NE(DatasetFingerprint(ends), base);
  WriteTokens(3);
  EXPECT_NE(DatasetFingerprint(settings_), base);
}

}  // namespace
}  // namespace upcycle
