#include "core/data/corpus.h"

#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/data/text_source.h"
#include "tests/caught_error.h"
#include "tests/processes.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

std::vector<std::string> Visited(const Corpus& corpus, CorpusPart part, double held_out) {
  std::vector<std::string> documents;
  corpus.Visit({part, held_out}, [&](std::string_view text) { documents.emplace_back(text); });
  return documents;
}

TEST(TextSource, EachFileIsOneDocumentInTheOrderOfPaths) {
  TemporaryFolder folder;
  Put(folder / "b.txt", "second");
  Put(folder / "a.txt", "first\n");
  const TextSource source({(folder / "*.txt").native()});
  EXPECT_EQ(Visited(source, CorpusPart::kTraining, 0),
            (std::vector<std::string>{"first\n", "second"}));
  EXPECT_EQ(Visited(source, CorpusPart::kValidation, 0),
            (std::vector<std::string>{"first\n", "second"}));
  EXPECT_EQ(source.EstimateBytes(), 12);
}

TEST(TextSource, HeldOutTextIsNotTrainedOn) {
  TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += fmt::format("this is line {}\n", i);
  const TextSource source({Put(folder / "a.txt", text).native()});
  std::set<std::string> lines[2];
  for (const CorpusPart part : {CorpusPart::kTraining, CorpusPart::kValidation}) {
    for (std::string document : Visited(source, part, 0.05)) {
      for (size_t end; (end = document.find('\n')) != std::string::npos;) {
        EXPECT_TRUE(lines[part == CorpusPart::kValidation].insert(document.substr(0, end)).second);
        document.erase(0, end + 1);
      }
      EXPECT_EQ(document, "");
    }
  }
  EXPECT_EQ(lines[0].size() + lines[1].size(), 5000u);
  EXPECT_NEAR(static_cast<double>(lines[1].size()), 250, 5);
  for (const std::string& line : lines[1]) EXPECT_FALSE(lines[0].contains(line));
}

TEST(TextSource, IdentityIsTheContentNotThePath) {
  TemporaryFolder folder;
  const auto identity = [](const fs::path& path) { return TextSource({path.native()}).Identity(); };
  const auto one = identity(Put(folder / "one.txt", "the same"));
  EXPECT_EQ(identity(Put(folder / "two.txt", "the same")), one);
  EXPECT_NE(identity(Put(folder / "three.txt", "not the same")), one);
}

TEST(TextSource, AnEmptyFileIsNamed) {
  TemporaryFolder folder;
  const fs::path path = Put(folder / "empty.txt", "");
  const std::string message = MessageOf([&] { TextSource({path.native()}); });
  EXPECT_TRUE(Says(message, "empty.txt is empty"));
}

TEST(TextSource, NoFilesAtAllIsAMistake) {
  EXPECT_TRUE(Says(MessageOf([] { TextSource(std::vector<std::string>{}); }), "names no files"));
}

TEST(TextSource, TextThatIsNotUtf8IsRefusedWithItsPlace) {
  TemporaryFolder folder;
  const TextSource source({Put(folder / "latin1.txt", "good\ncaf\xE9 bad\n").native()});
  const std::string message = MessageOf([&] { Visited(source, CorpusPart::kTraining, 0); });
  EXPECT_TRUE(Says(message, "latin1.txt:2: not UTF-8 (byte 8 of the file is 0xE9)"));
}

TEST(TextSource, OneLineCannotBeDivided) {
  TemporaryFolder folder;
  const TextSource source({Put(folder / "a.txt", "alone\n").native()});
  EXPECT_TRUE(Says(MessageOf([&] { Visited(source, CorpusPart::kTraining, 0.1); }), "too short"));
}

TEST(TextSource, AnUnreadableFileIsAnErrorOfTheSystem) {
  TemporaryFolder folder;
  const fs::path path = Put(folder / "a.txt", "text");
  fs::permissions(folder.path(), fs::perms::all);
  fs::permissions(path, fs::perms::none);
  const Unprivileged user;
  EXPECT_TRUE(Says(MessageOf([&] { TextSource({path.native()}); }, Cause::kDisk), "a.txt"));
}

TEST(AtlasSource, HeldOutDocumentsAreNotTrainingDocuments) {
  SourceSettings settings;
  settings.kind = SourceKind::kAtlas;
  settings.people = 100;
  const auto corpus = OpenCorpus(settings);
  const auto trained = Visited(*corpus, CorpusPart::kTraining, 0.2);
  const auto held_out = Visited(*corpus, CorpusPart::kValidation, 0.2);
  const std::set<std::string> training(trained.begin(), trained.end());
  EXPECT_EQ(held_out.size(), 120u);  // of 5 documents on each of 100 people and 20 places
  for (const std::string& document : held_out) EXPECT_FALSE(training.contains(document));
}

TEST(AtlasSource, EstimatesItsSize) {
  SourceSettings settings;
  settings.kind = SourceKind::kAtlas;
  settings.people = 200;
  const auto corpus = OpenCorpus(settings);
  double bytes = 0;
  for (const auto& text : Visited(*corpus, CorpusPart::kTraining, 0)) bytes += text.size();
  EXPECT_NEAR(static_cast<double>(corpus->EstimateBytes()), bytes, bytes / 5);
}

}  // namespace
}  // namespace upcycle
