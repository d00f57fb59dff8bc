#include "core/data/dataset.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/checksums.h"
#include "core/files.h"
#include "tests/caught_error.h"
#include "tests/core/data/real_data.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

SourceSettings Text(const std::string& name, const std::vector<std::string>& files) {
  SourceSettings source;
  source.name = name;
  source.files = files;
  return source;
}

SourceSettings AtlasOf(const std::string& name, int64_t people, int64_t seed = 0) {
  SourceSettings source;
  source.name = name;
  source.kind = SourceKind::kAtlas;
  source.people = people;
  source.world_seed = seed;
  return source;
}

std::string Lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("this is line {} of the text\n", i);
  return text;
}

std::string Decoded(const Dataset& dataset, const Tokens& file) {
  std::vector<int32_t> tokens(static_cast<size_t>(file.count()));
  file.Read(0, tokens);
  return dataset.tokenizer->Decode(tokens);
}

Dataset Built(const DataSettings& settings, const fs::path& folder) {
  fs::create_directories(folder);
  BuildDataset(settings, folder);
  return OpenDataset(folder);
}

// Every file of a folder, by name.
std::map<std::string, std::string> ContentsOf(const fs::path& folder) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    contents[entry.path().lexically_relative(folder).native()] = ReadTextFile(entry.path());
  }
  return contents;
}

TEST(Dataset, TextBecomesTrainingAndHeldOutTokens) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.held_out = 0.1;
  settings.train = {Text("lines", {Put(folder / "a.txt", Lines(2000)).native()})};
  const Dataset dataset = Built(settings, folder / "data");
  ASSERT_EQ(dataset.train.size(), 1u);
  ASSERT_EQ(dataset.validation.size(), 1u);
  EXPECT_EQ(dataset.train[0].name, "lines");
  EXPECT_EQ(dataset.validation[0].name, "lines");
  EXPECT_TRUE(dataset.questions.empty());
  const std::string trained = Decoded(dataset, *dataset.train[0].tokens);
  const std::string held_out = Decoded(dataset, *dataset.validation[0].tokens);
  EXPECT_EQ(static_cast<int64_t>(trained.size()), dataset.train[0].tokens->text_bytes());
  EXPECT_EQ(trained.size() + held_out.size(), Lines(2000).size());
  EXPECT_NE(Lines(2000).find(held_out), std::string::npos);  // one contiguous chunk
  EXPECT_EQ(trained.find(held_out.substr(0, held_out.find('\n'))), std::string::npos);
}

TEST(Dataset, EndOfTextFollowsEveryDocument) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {
      Text("t", {Put(folder / "1.txt", "ab").native(), Put(folder / "2.txt", "c").native()})};
  settings.validation = {Text("v", {Put(folder / "3.txt", "de").native()})};
  const Dataset dataset = Built(settings, folder / "data");
  std::vector<int32_t> tokens(5);
  ASSERT_EQ(dataset.train[0].tokens->count(), 5);
  dataset.train[0].tokens->Read(0, tokens);
  EXPECT_EQ(tokens, (std::vector<int32_t>{'a', 'b', 256, 'c', 256}));
  EXPECT_EQ(dataset.train[0].tokens->text_bytes(), 3);
  EXPECT_EQ(dataset.train[0].documents, 2);
  EXPECT_EQ(dataset.validation[0].tokens->count(), 3);
}

TEST(Dataset, NamedValidationLeavesTrainingWhole) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {Text("train", {Put(folder / "a.txt", Lines(500)).native()})};
  settings.validation = {Text("held", {Put(folder / "b.txt", "something else\n").native()}),
                         AtlasOf("atlas", 8)};
  const Dataset dataset = Built(settings, folder / "data");
  EXPECT_EQ(Decoded(dataset, *dataset.train[0].tokens), Lines(500));
  ASSERT_EQ(dataset.validation.size(), 2u);
  EXPECT_EQ(Decoded(dataset, *dataset.validation[0].tokens), "something else\n");
  EXPECT_EQ(dataset.validation[1].name, "atlas");
}

TEST(Dataset, AnAtlasBringsItsQuestions) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {AtlasOf("", 40)};
  const Dataset dataset = Built(settings, folder / "data");
  EXPECT_EQ(dataset.train[0].name, "atlas");
  ASSERT_EQ(dataset.questions.size(), 1u);
  EXPECT_EQ(dataset.questions[0].name, "atlas");
  EXPECT_EQ(dataset.questions[0].dev.size(), 64u);
  EXPECT_GT(dataset.questions[0].test.size(), 150u);
}

TEST(Dataset, OneWorldAsksItsQuestionsOnce) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {AtlasOf("atlas", 8), AtlasOf("more", 8)};
  settings.validation = {AtlasOf("atlas", 8), AtlasOf("other", 8, 1)};
  const Dataset dataset = Built(settings, folder / "data");
  ASSERT_EQ(dataset.questions.size(), 2u);
  EXPECT_EQ(dataset.questions[0].name, "atlas");
  EXPECT_EQ(dataset.questions[1].name, "other");
}

TEST(Dataset, ABpeIsTrainedOnTheTrainingText) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.tokenizer = {TokenizerKind::kBpe, 400};
  settings.train = {AtlasOf("atlas", 20), Text("t", {Put(folder / "a.txt", Lines(300)).native()})};
  settings.held_out = 0.05;
  const Dataset dataset = Built(settings, folder / "data");
  EXPECT_EQ(dataset.tokenizer->Vocabulary(), 400);
  const Tokens& lines = *dataset.train[1].tokens;
  EXPECT_LT(lines.count() * 2, lines.text_bytes());
  EXPECT_EQ(Decoded(dataset, lines).substr(0, 27), "this is line 0 of the text\n");
}

TEST(Dataset, TheSameSettingsGiveTheSameBytes) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.tokenizer = {TokenizerKind::kBpe, 350};
  settings.train = {AtlasOf("atlas", 8)};
  Built(settings, folder / "one");
  Built(settings, folder / "two");
  EXPECT_EQ(ContentsOf(folder / "one"), ContentsOf(folder / "two"));
}

SourceSettings Jsonl(const std::string& name, const fs::path& file) {
  SourceSettings source = Text(name, {file.native()});
  source.kind = SourceKind::kJsonl;
  return source;
}

TEST(Dataset, EveryLineOfJsonlIsADocument) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {
      Jsonl("t", Put(folder / "a.jsonl", "{\"text\": \"ab\"}\n{\"text\": \"\\u0063\"}\n"))};
  settings.validation = {AtlasOf("v", 8)};
  const Dataset dataset = Built(settings, folder / "data");
  std::vector<int32_t> tokens(5);
  ASSERT_EQ(dataset.train[0].tokens->count(), 5);
  dataset.train[0].tokens->Read(0, tokens);
  EXPECT_EQ(tokens, (std::vector<int32_t>{'a', 'b', 256, 'c', 256}));
}

TEST(Dataset, EqualDocumentsAreReadOnceOnRequest) {
  TemporaryFolder folder;
  const fs::path lines = Put(folder / "a.jsonl",
                             "{\"text\": \"one\"}\n{\"text\": \"two\"}\n"
                             "{\"text\": \"one\"}\n{\"text\": \"held\"}\n");
  DataSettings settings;
  settings.train = {Text("first", {Put(folder / "two.txt", "two").native()}),
                    Jsonl("lines", lines)};
  settings.validation = {Text("held", {Put(folder / "held.txt", "held").native()})};
  EXPECT_EQ(Built(settings, folder / "all").train[1].documents, 4);
  settings.deduplicate = true;
  const Dataset dataset = Built(settings, folder / "data");
  EXPECT_EQ(dataset.train[0].documents, 1);
  EXPECT_EQ(Decoded(dataset, *dataset.train[1].tokens), "one");
  EXPECT_EQ(dataset.train[1].repeated_documents, 3);
  EXPECT_EQ(dataset.train[1].repeated_bytes, 10);
  EXPECT_EQ(dataset.validation[0].documents, 1);
  EXPECT_EQ(dataset.train[0].repeated_documents, 0);
}

TEST(Dataset, EqualFilesAreReadOnceOnRequestWhereAShareIsHeldOut) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.held_out = 0.1;
  settings.train = {Text("t", {Put(folder / "a.txt", Lines(500)).native(),
                               Put(folder / "b.txt", Lines(500)).native()})};
  settings.deduplicate = true;
  const Dataset dataset = Built(settings, folder / "data");
  EXPECT_EQ(dataset.train[0].tokens->text_bytes() + dataset.validation[0].tokens->text_bytes(),
            static_cast<int64_t>(Lines(500).size()));
}

TEST(DatasetFingerprint, FollowsTheContentAndWhatDecidesTheTokens) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {Text("t", {Put(folder / "a.txt", Lines(10)).native()})};
  const Fingerprint base = DatasetFingerprint(settings);

  DataSettings moved = settings;
  moved.train[0].files = {Put(folder / "elsewhere/b.txt", Lines(10)).native()};
  EXPECT_EQ(DatasetFingerprint(moved), base);
  DataSettings heavier = settings;
  heavier.train[0].weight = 5;
  EXPECT_EQ(DatasetFingerprint(heavier), base);
  DataSettings unused = settings;
  unused.tokenizer.vocabulary = 999;  // of a bpe, and this is bytes
  EXPECT_EQ(DatasetFingerprint(unused), base);

  DataSettings edited = settings;
  edited.train[0].files = {Put(folder / "c.txt", Lines(11)).native()};
  EXPECT_NE(DatasetFingerprint(edited), base);
  DataSettings renamed = settings;
  renamed.train[0].name = "u";
  EXPECT_NE(DatasetFingerprint(renamed), base);
  DataSettings share = settings;
  share.held_out = 0.03;
  EXPECT_NE(DatasetFingerprint(share), base);
  DataSettings bpe = settings;
  bpe.tokenizer.kind = TokenizerKind::kBpe;
  EXPECT_NE(DatasetFingerprint(bpe), base);
  DataSettings unique = settings;
  unique.deduplicate = true;
  EXPECT_NE(DatasetFingerprint(unique), base);
  DataSettings divided = settings;
  divided.train[0].separator = "--";
  EXPECT_NE(DatasetFingerprint(divided), base);
  DataSettings named = settings;
  named.validation = {AtlasOf("atlas", 8)};
  EXPECT_NE(DatasetFingerprint(named), base);
}

TEST(Dataset, MistakesInTheSourcesAreNamed) {
  TemporaryFolder folder;
  const std::string a = Put(folder / "a.txt", Lines(10)).native();
  const auto refusal = [](const std::vector<SourceSettings>& train,
                          const std::vector<SourceSettings>& validation = {}) {
    DataSettings settings;
    settings.train = train;
    settings.validation = validation;
    return MessageOf([&] { DatasetFingerprint(settings); });
  };
  EXPECT_TRUE(Says(refusal({}), "data.train names no source"));
  EXPECT_TRUE(Says(refusal({Text("x", {a}), Text("x", {a})}), "two sources called \"x\""));
  EXPECT_TRUE(Says(refusal({Text("../x", {a})}), "\"../x\""));
  EXPECT_TRUE(Says(refusal({Text(".x", {a})}), "\".x\""));
  EXPECT_TRUE(Says(refusal({Text("x", {folder.path() / "none.txt"})}), "none.txt"));
  EXPECT_TRUE(Says(refusal({Text("x", {a})}, {Text("y", {a})}), "is also trained on"));
}

TEST(Dataset, TrainsOnItsSourcesByTheirWeights) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {AtlasOf("world", 8), Text("t", {Put(folder / "a.txt", Lines(300)).native()})};
  const Dataset dataset = Built(settings, folder / "data");
  const auto sources = TrainingSources(dataset, {{"t", 3}, {"world", 1}});
  ASSERT_EQ(sources.size(), 2u);
  EXPECT_EQ(sources[0].name, "world");
  EXPECT_EQ(sources[0].weight, 1);
  EXPECT_EQ(sources[1].weight, 3);
  EXPECT_EQ(sources[1].tokens, dataset.train[1].tokens.get());
  EXPECT_EQ(sources[1].held_out_tokens, dataset.validation[1].tokens->count());
}

TEST(Dataset, OfASourceOfTheSameNameNothingIsHeldOut) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {Text("t", {Put(folder / "a.txt", Lines(300)).native()})};
  settings.validation = {Text("t", {Put(folder / "b.txt", "something else").native()})};
  const Dataset dataset = Built(settings, folder / "data");
  EXPECT_EQ(TrainingSources(dataset, {{"t", 1}})[0].held_out_tokens, 0);
}

TEST(Dataset, AnythingMissingOrDamagedIsRefused) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {AtlasOf("atlas", 8)};
  Built(settings, folder / "data");
  for (const auto& [name, content] : ContentsOf(folder / "data")) {
    const fs::path path = folder / "data" / name;
    const std::string advice =
        "; delete " + (folder / "data").native() + " and run the same command again";
    fs::remove(path);
    std::string message = MessageOf([&] { OpenDataset(folder / "data"); });
    EXPECT_TRUE(Says(message, path.native()));
    EXPECT_TRUE(Says(message, advice));
    Put(path, content.substr(0, content.size() / 2));
    message = MessageOf([&] { OpenDataset(folder / "data"); });
    EXPECT_TRUE(Says(message, path.native()));
    EXPECT_TRUE(Says(message, advice));
    Put(path, content);
  }
  EXPECT_NO_THROW(OpenDataset(folder / "data"));
}

TEST(Dataset, AnAnswerThatWasChangedIsRefused) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {AtlasOf("atlas", 8)};
  Built(settings, folder / "data");
  const fs::path path = folder / "data/questions/atlas/test.csv";
  std::string questions = ReadTextFile(path);
  char& answer = questions[questions.size() - 2];
  answer = answer == 'A' ? 'B' : 'A';
  Put(path, questions);
  EXPECT_TRUE(Says(MessageOf([&] { OpenDataset(folder / "data"); }), "test.csv"));
}

TEST(Dataset, ANewerFormatIsNamedAsSuch) {
  TemporaryFolder folder;
  Put(folder / "dataset.json", R"({"format": 99})");
  EXPECT_TRUE(Says(MessageOf([&] { OpenDataset(folder.path()); }), "newer upcycle"));
}

TEST(Dataset, AManifestOfOtherFilesIsRefused) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {AtlasOf("atlas", 8)};
  Built(settings, folder / "data");
  auto manifest = nlohmann::json::parse(ReadTextFile(folder / "data/dataset.json"));
  manifest["train"][0]["tokens"] = 5;
  Put(folder / "data/dataset.json", manifest.dump());
  WriteChecksums(folder / "data");
  EXPECT_TRUE(Says(MessageOf([&] { OpenDataset(folder / "data"); }), "does not agree"));
}

TEST(Dataset, HoldsBooksBackAsARecipeDoes) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  TemporaryFolder folder;
  const fs::path books = *RealData() / "books";
  const std::vector<std::string> held_out = {(books / "jane-austen_*.txt").native(),
                                             (books / "mark-twain_*.txt").native()};
  DataSettings settings;
  settings.train = {
      Text("books", {(books / "*.txt").native(), "!" + held_out[0], "!" + held_out[1]})};
  settings.validation = {Text("austen", {held_out[0]}), Text("twain", {held_out[1]})};
  const Dataset dataset = Built(settings, folder / "data");
  EXPECT_EQ(dataset.train[0].documents, 10);
  EXPECT_EQ(dataset.train[0].tokens->count(), dataset.train[0].tokens->text_bytes() + 10);
  EXPECT_EQ(Decoded(dataset, *dataset.validation[0].tokens),
            ReadTextFile(books / "jane-austen_pride-and-prejudice.txt"));
  settings.train[0].files.pop_back();
  EXPECT_TRUE(Says(MessageOf([&] { DatasetFingerprint(settings); }), "is also trained on"));
}

}  // namespace
}  // namespace upcycle
