#include "core/temporary_name.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/processes.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

using Paths = std::vector<fs::path>;

TEST(TemporaryName, LiesBesideItsTargetAndTellsTheProcess) {
  EXPECT_EQ(TemporaryName("runs/ledger"), "runs/ledger." + std::to_string(getpid()) + ".tmp");
}

TEST(LeftoversOf, AreWhatThisProcessMadeBefore) {
  TemporaryFolder folder;
  Put(TemporaryName(folder / "stage"), "");
  EXPECT_EQ(LeftoversOf(folder / "stage"), Paths{TemporaryName(folder / "stage")});
}

TEST(LeftoversOf, AreWhatAnEndedProcessMade) {
  TemporaryFolder folder;
  const fs::path theirs = folder / ("stage." + std::to_string(EndedProcess()) + ".tmp");
  Put(theirs, "");
  EXPECT_EQ(LeftoversOf(folder / "stage"), Paths{theirs});
}

TEST(LeftoversOf, AreWhatWasMadeUnderATemporaryNameToo) {
  TemporaryFolder folder;
  const std::string process = std::to_string(EndedProcess());
  const fs::path inner = folder / ("stage." + process + ".tmp." + process + ".tmp");
  Put(inner, "");
  Put(folder / ("other." + process + ".tmp." + process + ".tmp"), "");
  EXPECT_EQ(LeftoversOf(folder / "stage"), Paths{inner});
}

TEST(LeftoversOf, AreNotWhatALivingProcessMakes) {
  TemporaryFolder folder;
  Put(folder / ("stage." + std::to_string(getppid()) + ".tmp"), "");
  EXPECT_EQ(LeftoversOf(folder / "stage"), Paths{});
}

TEST(LeftoversOf, AreNoneWhereThereIsNoFolder) {
  EXPECT_EQ(LeftoversOf("/nonexistent/stage"), Paths{});
}

TEST(NumberedName, IsTheFirstThatIsFree) {
  TemporaryFolder folder;
  EXPECT_EQ(NumberedName(folder / "journal", "damaged"), folder / "journal.damaged-1");
  Put(folder / "journal.damaged-1", "");
  EXPECT_EQ(NumberedName(folder / "journal", "damaged"), folder / "journal.damaged-2");
}

}  // namespace
}  // namespace upcycle
