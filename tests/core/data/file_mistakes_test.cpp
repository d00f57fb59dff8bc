#include "core/data/file_mistakes.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/files.h"
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

TEST(FileMistakes, AreFoundAllAtOnce) {
  TemporaryFolder folder;
  const std::string good = Put(folder / "texts/a.txt", "text\n").native();
  const std::string empty = Put(folder / "empty.txt", "").native();
  DataSettings settings;
  settings.train = {Text("a", {good, (folder / "none/*.txt").native(), "!" + empty}),
                    Text("b", {(folder / "texts").native()}), Text("c", {empty}),
                    Text("d", {good, "!" + empty})};
  const std::vector<FileMistake> mistakes = FindFileMistakes(settings);
  ASSERT_EQ(mistakes.size(), 4u);  // what `a` takes away may be missing for want of the others
  EXPECT_EQ(mistakes[0].setting, "data.train.0.files.1");
  EXPECT_TRUE(Says(mistakes[0].message, "no file matches"));
  EXPECT_EQ(mistakes[1].setting, "data.train.1.files.0");
  EXPECT_TRUE(Says(mistakes[1].message,
                   "is a folder; its text files are " + (folder / "texts/*.txt").native()));
  EXPECT_EQ(mistakes[2].setting, "data.train.2.files");
  EXPECT_TRUE(Says(mistakes[2].message, "is empty"));
  EXPECT_EQ(mistakes[3].setting, "data.train.3.files.1");
  EXPECT_TRUE(Says(mistakes[3].message, "takes no file away"));
}

TEST(FileMistakes, FilesOfTokensAreLookedInto) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.train = {Text("t", {Put(folder / "a.bin", "abc").native()})};
  settings.train[0].kind = SourceKind::kTokens;
  const std::vector<FileMistake> mistakes = FindFileMistakes(settings);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0].setting, "data.train.0.files");
  EXPECT_TRUE(Says(mistakes[0].message, "no whole number of tokens"));
}

TEST(FileMistakes, AFileIsNotTrainedAndValidatedOnHoweverItIsSpelt) {
  TemporaryFolder folder;
  const std::string file = Put(folder / "a.txt", "text\n").native();
  Put(folder / "b.txt", "other text\n");
  fs::create_symlink(file, folder / "link.txt");
  DataSettings settings;
  settings.train = {Text("t", {file})};
  settings.validation = {Text("v", {(folder / "b.txt").native(), (folder / "link.txt").native()})};
  const std::vector<FileMistake> mistakes = FindFileMistakes(settings);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0].setting, "data.validation.0.files");
  EXPECT_TRUE(Says(mistakes[0].message, "\"v\" is also trained on"));
  settings.validation[0].files.pop_back();
  EXPECT_TRUE(FindFileMistakes(settings).empty());
}

TEST(FileMistakes, AnAtlasHasNone) {
  DataSettings settings;
  settings.train = {SourceSettings{}};
  settings.train[0].kind = SourceKind::kAtlas;
  settings.train[0].files = {"none.txt"};
  EXPECT_TRUE(FindFileMistakes(settings).empty());
}

}  // namespace
}  // namespace upcycle
