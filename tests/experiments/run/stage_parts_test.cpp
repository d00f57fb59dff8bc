#include "experiments/run/stage_parts.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/checksums.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

// Of no process that lives.
pid_t EndedProcess() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

class StageParts : public testing::Test {
 protected:
  StageParts() : stage_(folder_ / "stages" / "ab") {
    Put(stage_.model() / "model.safetensors", "12345");
    WriteChecksums(stage_.model());
    Put(stage_.checkpoints() / "step_1" / "model.safetensors", "123");
    Put(stage_.journal(), "journal");
    Put(stage_.log(), "log");
  }

  std::vector<PartKind> Kinds() const {
    std::vector<PartKind> kinds;
    for (const StagePart& part : PartsOf(stage_)) kinds.push_back(part.kind);
    return kinds;
  }

  TemporaryFolder folder_;
  StageFolder stage_;
};

TEST_F(StageParts, AreOutputsCheckpointsAndLeftovers) {
  Put(stage_.path() / ("model." + std::to_string(EndedProcess()) + ".tmp") / "half", "1");
  EXPECT_EQ(Kinds(), (std::vector{PartKind::kOutput, PartKind::kCheckpoints, PartKind::kLeftover}));
  EXPECT_EQ(PartsOf(stage_)[1].bytes, 3);
}

TEST_F(StageParts, GoAndLeaveTheRecord) {
  for (const StagePart& part : PartsOf(stage_)) RemovePart(stage_, part);
  EXPECT_EQ(NamesIn(stage_.path()), (std::set<std::string>{"journal", "log.txt", "removed.json"}));
  EXPECT_EQ(Kinds(), std::vector<PartKind>());
}

TEST_F(StageParts, DoNotLookDamagedOnceTheyWent) {
  EXPECT_EQ(stage_.FindOutputDamage(StageKind::kTrain), "");
  RemovePart(stage_, PartsOf(stage_).front());
  EXPECT_EQ(stage_.FindOutputDamage(StageKind::kTrain), "it was removed by `upcycle gc`");
  Put(stage_.model() / "model.safetensors", "12345");  // made again, and then damaged
  EXPECT_TRUE(Says(stage_.FindOutputDamage(StageKind::kTrain), "checksums.json is missing"));
}

TEST_F(StageParts, AreNeverBehindALink) {
  fs::rename(stage_.model(), folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", stage_.model());
  fs::create_directory_symlink(folder_ / "elsewhere", stage_.checkpoints() / "step_2");
  EXPECT_EQ(Kinds(), std::vector{PartKind::kCheckpoints});
  EXPECT_EQ(PartsOf(stage_).front().bytes, 3);
  RemovePart(stage_, PartsOf(stage_).front());
  EXPECT_EQ(NamesIn(folder_ / "elsewhere"),
            (std::set<std::string>{"model.safetensors", "checksums.json"}));
}

}  // namespace
}  // namespace upcycle
