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
