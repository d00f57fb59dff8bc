#include <cstdlib>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file_lock.h"
#include "core/stopwatch.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

using nlohmann::json;

// What is found of each topic.
std::map<std::string, json> Examine(const fs::path& root) {
  const Finished doctor = RunProgram({"doctor", "--root", root.native(), "--json"});
  EXPECT_EQ(doctor.exit_code, 0) << doctor.err;
  std::map<std::string, json> findings;
  for (const json& finding : json::parse(doctor.out)) findings[finding.at("topic")] = finding;
  return findings;
}

TEST(DoctorCommand, LooksAtAllThatRunsNeed) {
  const TemporaryFolder folder;
  auto findings = Examine(folder / "none");
  for (const char* topic :
       {"program", "built of", "cpu", "blas", "memory", "cgroup", "limits", "clock", "disk",
        "locks", "ledger", "runs", "slurm", "plots", "cuda", "nccl"}) {
    ASSERT_TRUE(findings.contains(topic)) << topic;
    EXPECT_NE(findings[topic].at("found"), "") << topic;
    if (findings[topic].at("works")) continue;
    EXPECT_NE(findings[topic].at("advice"), "") << topic;
  }
  EXPECT_TRUE(Says(findings["blas"].at("found").get<std::string>(), "OpenBLAS"));
  EXPECT_TRUE(findings["locks"].at("works"));
  EXPECT_TRUE(Says(findings["ledger"].at("found").get<std::string>(), "none yet"));
  EXPECT_EQ(NamesIn(folder.path()), std::set<std::string>());  // and leaves nothing
}

TEST(DoctorCommand, LooksAtTheRoot) {
  const TemporaryFolder folder;
  {
    LedgerWriter ledger(LedgerIn(folder));
    ledger.RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
    ledger.SetStageState(StageFor(StageRole::kTokens), StageState::kComplete);
  }
  const auto lock = FileLock::TryAcquire(folder / "scheduler.lock");
  auto findings = Examine(folder.path());
  EXPECT_TRUE(Says(findings["ledger"].at("found").get<std::string>(),
                   ", 1 study, 1 of 10 stages complete"));
  EXPECT_TRUE(Says(findings["runs"].at("found").get<std::string>(), "schedules here"));
}

// The finding about Slurm, where its commands are these.
json SlurmWhere(const std::string& sinfo, const std::string& scontrol) {
  const TemporaryFolder folder;
  for (const auto& [name, text] : {std::pair("sinfo", sinfo), {"scontrol", scontrol}}) {
    Put(folder / name, "#!/bin/sh\n" + text + "\n");
    fs::permissions(folder / name, fs::perms::owner_all);
  }
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (folder.path().native() + ":" + before).c_str(), 1);
  auto findings = Examine(folder / "none");
  ::setenv("PATH", before.c_str(), 1);
  return findings["slurm"];
}

TEST(DoctorCommand, AsksTheControllerOfSlurmAndNotItsCommandsAlone) {
  const std::string version = "echo slurm 22.05.8";
  const json up = SlurmWhere(version, "echo 'Slurmctld(primary) at lab is UP'");
  EXPECT_TRUE(up.at("works"));
  EXPECT_EQ(up.at("found"), "slurm 22.05.8, its controller answers");
  const json down = SlurmWhere(version, "echo 'Slurmctld(primary) at lab is DOWN'; exit 1");
  EXPECT_FALSE(down.at("works"));
  EXPECT_EQ(down.at("found"), "slurm 22.05.8, its controller does not answer");
  EXPECT_TRUE(Says(down.at("advice").get<std::string>(), "start slurmctld there"));
}

TEST(DoctorCommand, FindsALedgerThatIsNone) {
  const TemporaryFolder folder;
  Put(LedgerIn(folder), "something else");
  auto findings = Examine(folder.path());
  EXPECT_FALSE(findings["ledger"].at("works"));
  EXPECT_TRUE(Says(findings["ledger"].at("found").get<std::string>(), "not an upcycle ledger"));
}

TEST(DoctorCommand, FindsAClockThatWasSetBack) {
  const TemporaryFolder folder;
  {
    LedgerWriter ledger(LedgerIn(folder));
    ledger.RecordStudy(StudyOf({"dense"}, {0}));
    IngestNext(ledger, StageFor(StageRole::kTokens),
               {Event(AttemptStart{.host = "lab", .pid = 1, .time = UnixSeconds() + 3600})});
  }
  auto findings = Examine(folder.path());
  EXPECT_FALSE(findings["ledger"].at("works"));
  EXPECT_TRUE(Says(findings["ledger"].at("found").get<std::string>(), "s ahead of this clock"));
}

}  // namespace
}  // namespace upcycle
