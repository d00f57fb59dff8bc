#include "experiments/conversion/unfinished_folder.h"

#include <optional>

#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

const Fingerprint kThis(1, 2), kOther(3, 4);

TEST(UnfinishedFolder, TakesItsPlaceWhenItIsWhole) {
  const TemporaryFolder folder;
  UnfinishedFolder unfinished(folder / "out", kThis);
  WriteFileAtomically(unfinished.path() / "a", "b");
  EXPECT_FALSE(fs::exists(folder / "out"));
  unfinished.Commit();
  EXPECT_EQ(NamesIn(folder / "out"), std::set<std::string>{"a"});
  EXPECT_FALSE(fs::exists(folder / "out.unfinished"));
}

TEST(UnfinishedFolder, KeepsWhatAnEarlierAttemptLeft) {
  const TemporaryFolder folder;
  {
    const UnfinishedFolder first(folder / "out", kThis);
    EXPECT_FALSE(first.is_resumed());
    WriteFileAtomically(first.path() / "a", "b");
  }
  const UnfinishedFolder second(folder / "out", kThis);
  EXPECT_TRUE(second.is_resumed());
  EXPECT_EQ(ReadTextFile(second.path() / "a"), "b");
}

TEST(UnfinishedFolder, KeepsNothingThatAKilledAttemptWasWriting) {
  const TemporaryFolder folder;
  {
    const UnfinishedFolder first(folder / "out", kThis);
    Put(first.path() / "tp0" / "model.safetensors.4711.tmp", "half");
    Put(first.path() / "config.json.4711.tmp", "");
  }
  UnfinishedFolder second(folder / "out", kThis);
  second.Commit();
  EXPECT_EQ(NamesIn(folder / "out"), std::set<std::string>{"tp0"});
  EXPECT_TRUE(fs::is_empty(folder / "out" / "tp0"));
}

TEST(UnfinishedFolder, MayBeNamedWithASlash) {
  const TemporaryFolder folder;
  UnfinishedFolder unfinished(folder / "out/", kThis);
  EXPECT_EQ(unfinished.path(), folder / "out.unfinished");
  unfinished.Commit();
  EXPECT_TRUE(fs::is_empty(folder / "out"));
}

std::string Refusal(const fs::path& target, const Fingerprint& identity) {
  try {
    const UnfinishedFolder unfinished(target, identity);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(UnfinishedFolder, RefusesTheRemainsOfAnother) {
  const TemporaryFolder folder;
  { const UnfinishedFolder first(folder / "out", kThis); }
  EXPECT_TRUE(Says(Refusal(folder / "out", kOther), "the beginning of another conversion"));
}

// Else it would become a part of the output.
TEST(UnfinishedFolder, RefusesWhatNoAttemptHasLeft) {
  const TemporaryFolder folder;
  Put(folder / "out.unfinished" / "notes.txt", "mine");
  EXPECT_TRUE(Says(Refusal(folder / "out", kThis), "no conversion has left there"));
  EXPECT_EQ(ReadTextFile(folder / "out.unfinished" / "notes.txt"), "mine");
}

TEST(UnfinishedFolder, RefusesAPlaceThatIsTaken) {
  const TemporaryFolder folder;
  fs::create_symlink("nowhere", folder / "out");
  EXPECT_TRUE(Says(Refusal(folder / "out", kThis), "exists already"));
}

TEST(UnfinishedFolder, IsFilledByOneProcess) {
  const TemporaryFolder folder;
  const UnfinishedFolder first(folder / "out", kThis);
  EXPECT_TRUE(Says(Refusal(folder / "out", kThis), "another process is filling"));
}

}  // namespace
}  // namespace upcycle
