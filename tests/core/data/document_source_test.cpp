#include "core/data/document_source.h"

#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/data/separated_text.h"
#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

class DocumentSources : public testing::Test {
 protected:
  std::string File(const std::string& name, const std::vector<std::string>& documents) {
    std::string text;
    for (const std::string& document : documents) text += document + "\n--\n";
    return Put(folder_ / name, text).native();
  }

  static DocumentSource Open(const std::vector<std::string>& files) {
    return DocumentSource(files, std::make_unique<SeparatedText>("--"));
  }

  static std::vector<std::string> Read(const DocumentSource& source, const CorpusView& view) {
    std::vector<std::string> documents;
    source.Visit(view, [&](std::string_view text) { documents.emplace_back(text); });
    return documents;
  }

  static std::vector<std::string> Numbered(int first, int last) {
    std::vector<std::string> documents;
    for (int i = first; i < last; ++i) documents.push_back(fmt::format("document {}", i));
    return documents;
  }

  TemporaryFolder folder_;
};

TEST_F(DocumentSources, WholeDocumentsAreHeldOut) {
  const auto source = Open({File("a", Numbered(0, 2000)), File("b", Numbered(2000, 4000))});
  const auto trained = Read(source, {CorpusPart::kTraining, 0.1});
  const auto held_out = Read(source, {CorpusPart::kValidation, 0.1});
  EXPECT_EQ(trained.size() + held_out.size(), 4000u);
  EXPECT_NEAR(static_cast<double>(held_out.size()), 400, 40);  // a binomial's two deviations
  const std::set<std::string> training(trained.begin(), trained.end());
  size_t of_the_first_file = 0;
  for (const std::string& document : held_out) {
    EXPECT_FALSE(training.contains(document));
    of_the_first_file += std::stoi(document.substr(9)) < 2000;
  }
  EXPECT_NEAR(static_cast<double>(of_the_first_file), 200, 40);
}

TEST_F(DocumentSources, EqualDocumentsAreOnOneSideWhateverIsBesideThem) {
  const auto some = Read(Open({File("a", Numbered(0, 500))}), {CorpusPart::kValidation, 0.1});
  const auto all = Read(Open({File("b", Numbered(250, 750)), File("c", Numbered(0, 500))}),
                        {CorpusPart::kValidation, 0.1});
  const std::set<std::string> among(all.begin(), all.end());
  ASSERT_GT(some.size(), 10u);
  for (const std::string& document : some) EXPECT_TRUE(among.contains(document));
}

TEST_F(DocumentSources, OfTwoDocumentsOneIsHeldOut) {
  const auto source = Open({File("a", {"one", "two"})});
  EXPECT_EQ(Read(source, {CorpusPart::kTraining, 0.001}).size(), 1u);
  EXPECT_EQ(Read(source, {CorpusPart::kValidation, 0.001}).size(), 1u);
}

TEST_F(DocumentSources, EqualDocumentsCannotBeDivided) {
  const auto source = Open({File("a", {"same", "same"})});
  EXPECT_TRUE(Says(MessageOf([&] {
                     Read(source, {CorpusPart::kTraining, 0.1});
                   }),
                   "too few different documents"));
}

TEST_F(DocumentSources, DocumentsThatWereSeenAreLeftOut) {
  const auto source = Open({File("a", {"one", "two", "one"}), File("b", {"two", "three"})});
  SeenDocuments seen;
  EXPECT_EQ(Read(source, {CorpusPart::kTraining, 0, &seen}),
            (std::vector<std::string>{"one\n", "two\n", "three\n"}));
  EXPECT_EQ(seen.repeated(), 2);
  EXPECT_EQ(seen.repeated_bytes(), 8);
}

TEST_F(DocumentSources, AFileOfSeparatorsHasNoDocument) {
  const auto source = Open({Put(folder_ / "a", "--\n--\n").native()});
  EXPECT_TRUE(Says(MessageOf([&] { Read(source, {}); }), "has no document with a text"));
}

TEST_F(DocumentSources, IdentityFollowsContentAndFormat) {
  const std::string a = File("a", {"one"}), same = File("b", {"one"}), other = File("c", {"two"});
  EXPECT_EQ(Open({a}).Identity(), Open({same}).Identity());
  EXPECT_NE(Open({a}).Identity(), Open({other}).Identity());
  EXPECT_NE(Open({a}).Identity(),
            DocumentSource({a}, std::make_unique<SeparatedText>("-")).Identity());
}

}  // namespace
}  // namespace upcycle
