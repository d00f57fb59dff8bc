#include "core/data/token_file.h"

#include <numeric>

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/processes.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

fs::path WriteTokens(const TemporaryFolder& folder, const std::vector<int32_t>& tokens,
                     int64_t vocabulary) {
  const fs::path path = folder / "x.tokens";
  TokenFileWriter writer(path, vocabulary);
  writer.Append(tokens, 3 * static_cast<int64_t>(tokens.size()));
  writer.EndDocument();
  writer.Commit();
  return path;
}

std::vector<int32_t> ReadAll(const TokenFile& file) {
  std::vector<int32_t> tokens(static_cast<size_t>(file.count()));
  file.Read(0, tokens);
  return tokens;
}

// The file with one byte changed.
void Damage(const fs::path& path, size_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char old = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(old ^ 0x10));
}

TEST(TokenFile, TokensComeBackInTwoBytesEach) {
  TemporaryFolder folder;
  std::vector<int32_t> tokens(10000);
  std::iota(tokens.begin(), tokens.end(), 55536);
  const fs::path path = WriteTokens(folder, tokens, 65536);
  const TokenFile file(path);
  file.Verify();
  EXPECT_EQ(ReadAll(file), tokens);
  EXPECT_EQ(fs::file_size(path), 64u + 2 * 10000);
  EXPECT_EQ(file.count(), 10000);
  EXPECT_EQ(file.vocabulary(), 65536);
  EXPECT_EQ(file.text_bytes(), 30000);
  EXPECT_EQ(file.documents(), 1);
}

TEST(TokenFile, LargeVocabulariesTakeFourBytes) {
  TemporaryFolder folder;
  const std::vector<int32_t> tokens = {0, 65536, 131071, 7};
  const fs::path path = WriteTokens(folder, tokens, 131072);
  const TokenFile file(path);
  file.Verify();
  EXPECT_EQ(ReadAll(file), tokens);
  EXPECT_EQ(fs::file_size(path), 64u + 4 * 4);
}

TEST(TokenFile, ReadsAnyPart) {
  TemporaryFolder folder;
  const TokenFile file(WriteTokens(folder, {1, 2, 3, 4, 5}, 10));
  std::vector<int32_t> part(3);
  file.Read(1, part);
  EXPECT_EQ(part, (std::vector<int32_t>{2, 3, 4}));
  file.Read(5, {});
  EXPECT_EQ(CauseOf([&] { file.Read(3, part); }), Cause::kBug);
}

TEST(TokenFile, AnEmptyFileOfTokensIsAllowed) {
  TemporaryFolder folder;
  const TokenFile file(WriteTokens(folder, {}, 10));
  file.Verify();
  EXPECT_EQ(file.count(), 0);
}

TEST(TokenFile, OnlyTokensOfTheVocabularyCanBeWritten) {
  TemporaryFolder folder;
  EXPECT_EQ(CauseOf([&] { WriteTokens(folder, {10}, 10); }), Cause::kBug);
  EXPECT_EQ(CauseOf([&] { WriteTokens(folder, {-1}, 10); }), Cause::kBug);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(TokenFile, NothingAppearsBeforeCommit) {
  TemporaryFolder folder;
  {
    TokenFileWriter writer(folder / "x.tokens", 10);
    writer.Append(std::vector<int32_t>{1, 2, 3}, 3);
    EXPECT_FALSE(fs::exists(folder / "x.tokens"));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(TokenFile, AMissingFileIsNamed) {
  EXPECT_TRUE(Says(MessageOf([] { TokenFile("/nowhere/x.tokens"); }), "/nowhere/x.tokens"));
}

TEST(TokenFile, AForeignFileIsRefused) {
  TemporaryFolder folder;
  for (const std::string& content : {std::string(), std::string("UP"), std::string(100, 'x')}) {
    const fs::path path = Put(folder / "x.tokens", content);
    EXPECT_TRUE(Says(MessageOf([&] { TokenFile file(path); }), "is not a token file"));
  }
}

TEST(TokenFile, ATruncatedOrLengthenedFileIsRefused) {
  TemporaryFolder folder;
  const fs::path path = WriteTokens(folder, {1, 2, 3}, 10);
  fs::resize_file(path, 69);
  EXPECT_TRUE(Says(MessageOf([&] { TokenFile file(path); }), "truncated"));
  fs::resize_file(path, 72);
  EXPECT_TRUE(Says(MessageOf([&] { TokenFile file(path); }), "truncated"));
  fs::resize_file(path, 40);
  EXPECT_TRUE(Says(MessageOf([&] { TokenFile file(path); }), "is not a token file"));
}

TEST(TokenFile, AnyDamagedByteOfTheHeaderIsRefused) {
  for (size_t at = 0; at < 64; ++at) {
    TemporaryFolder folder;
    const fs::path path = WriteTokens(folder, {1, 2, 3}, 10);
    Damage(path, at);
    MessageOf([&] { TokenFile file(path); });
  }
}

TEST(TokenFile, ANewerFormatIsNamedAsSuch) {
  TemporaryFolder folder;
  const fs::path path = WriteTokens(folder, {1, 2, 3}, 10);
  Damage(path, 8);  // version 1 becomes 17
  EXPECT_TRUE(Says(MessageOf([&] { TokenFile file(path); }), "newer upcycle"));
}

TEST(TokenFile, VerifyFindsADamagedToken) {
  TemporaryFolder folder;
  const fs::path path = WriteTokens(folder, {1, 2, 3}, 10);
  Damage(path, 66);
  const TokenFile file(path);
  EXPECT_TRUE(Says(MessageOf([&] { file.Verify(); }), "checksum"));
}

TEST(TokenFile, AFullDiskLeavesNothingBehind) {
  TemporaryFolder folder;
  const std::vector<int32_t> tokens(1 << 20, 1);
  {
    const FileSizeLimit full(1 << 16);
    EXPECT_TRUE(
        Says(MessageOf([&] { WriteTokens(folder, tokens, 10); }, Cause::kDisk), "x.tokens"));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace upcycle
