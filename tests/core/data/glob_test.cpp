#include "core/data/glob.h"

#include <gtest/gtest.h>

#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

std::vector<std::string> NamesOf(const std::vector<fs::path>& files, const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::path& file : files) names.push_back(file.lexically_relative(folder).native());
  return names;
}

class Globs : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"b.txt", "a.txt", "a.md", ".hidden.txt", "c[1].txt", "deep/d.txt",
                             "deep/deeper/e.txt", ".git/f.txt"}) {
      Put(folder_ / name, "x");
    }
  }
  std::vector<std::string> Expand(const std::vector<std::string>& patterns) {
    std::vector<std::string> absolute;
    for (const std::string& pattern : patterns) {
      const bool takes_away = pattern.starts_with('!');
      const fs::path path = folder_ / (takes_away ? pattern.substr(1) : pattern);
      absolute.push_back((takes_away ? "!" : "") + path.native());
    }
    return NamesOf(ExpandGlobs(absolute), folder_.path());
  }
  using Names = std::vector<std::string>;
  TemporaryFolder folder_;
};

TEST_F(Globs, StarMatchesWithinAFolderAndSorts) {
  EXPECT_EQ(Expand({"*.txt"}), (Names{"a.txt", "b.txt", "c[1].txt"}));
}

TEST_F(Globs, QuestionMarksAndClassesMatchOneCharacter) {
  EXPECT_EQ(Expand({"?.txt"}), (Names{"a.txt", "b.txt"}));
  EXPECT_EQ(Expand({"[b-z].txt"}), (Names{"b.txt"}));
  EXPECT_EQ(Expand({"[!b].txt"}), (Names{"a.txt"}));
}

TEST_F(Globs, TwoStarsMatchAnyNumberOfFoldersButHiddenOnes) {
  EXPECT_EQ(Expand({"**/*.txt"}),
            (Names{"a.txt", "b.txt", "c[1].txt", "deep/d.txt", "deep/deeper/e.txt"}));
  EXPECT_EQ(Expand({"deep/**/e.txt"}), (Names{"deep/deeper/e.txt"}));
}

TEST_F(Globs, TwoStarsDoNotFollowLinksInACircle) {
  fs::create_directory_symlink(folder_.path(), folder_ / "deep/loop");
  EXPECT_EQ(Expand({"**/d.txt"}), (Names{"deep/d.txt"}));
}

TEST_F(Globs, AnExistingFileIsItselfWhateverItsNameLooksLike) {
  EXPECT_EQ(Expand({"c[1].txt"}), (Names{"c[1].txt"}));
}

TEST_F(Globs, AFileNamedTwiceComesOnceAtItsFirstPlace) {
  EXPECT_EQ(Expand({"b.txt", "*.txt", "./b.txt"}), (Names{"b.txt", "a.txt", "c[1].txt"}));
}

TEST_F(Globs, AnExclamationMarkTakesFilesOutAgain) {
  EXPECT_EQ(Expand({"*.txt", "![ac]*.txt"}), (Names{"b.txt"}));
}

TEST_F(Globs, APatternWithoutFilesIsNamed) {
  EXPECT_TRUE(Says(MessageOf([&] { Expand({"*.txt", "*.csv"}); }), "*.csv"));
  EXPECT_TRUE(Says(MessageOf([&] { Expand({"missing.txt"}); }), "missing.txt"));
  EXPECT_TRUE(Says(MessageOf([&] { Expand({"deep"}); }), "deep"));  // a folder is no file
}

TEST_F(Globs, TakingNothingAwayIsAMistake) {
  EXPECT_TRUE(Says(MessageOf([&] { Expand({"*.txt", "!a.md"}); }), "takes no file away"));
  EXPECT_TRUE(Says(MessageOf([&] { Expand({"!a.txt", "*.txt"}); }), "takes no file away"));
}

}  // namespace
}  // namespace upcycle
