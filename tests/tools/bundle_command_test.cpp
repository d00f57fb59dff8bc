// A study that moves from one root to another through the program.

#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "core/file_lock.h"
#include "core/files.h"
#include "core/journal.h"
#include "results/ledger/journal_events.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

using nlohmann::json;

class BundleCommand : public testing::Test {
 protected:
  BundleCommand() {
    Put(recipe_, kTinyRecipe);
    Done({"run", recipe_.native(), "-j", "2"}, "source");
  }

  Finished In(const std::string& root, std::vector<std::string> words) const {
    words.insert(words.end(), {"--root", (folder_ / root).native()});
    return RunProgram(words);
  }
  Finished Done(const std::vector<std::string>& words, const std::string& root) const {
    const Finished finished = In(root, words);
    EXPECT_EQ(finished.exit_code, 0) << words[0] << ": " << finished.err;
    return finished;
  }
  void Export(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"export", "tiny", "--bundle", bundle_.native()};
    words.insert(words.end(), more.begin(), more.end());
    Done(words, "source");
  }

  // All that people and programs are shown of the study.
  void ExpectTheSameIsShown(const std::string& root) const {
    for (const std::vector<std::string>& words :
         std::initializer_list<std::vector<std::string>>{{"export", "tiny", "--format", "json"},
                                                         {"export", "tiny", "--format", "csv"},
                                                         {"compare", "tiny"},
                                                         {"status", "tiny", "--json"},
                                                         {"explain", "tiny"}}) {
      EXPECT_EQ(Done(words, root).out, Done(words, "source").out) << words[0];
    }
  }

  TemporaryFolder folder_;
  fs::path recipe_ = folder_ / "tiny.yaml", bundle_ = folder_ / "tiny.bundle";
};

TEST_F(BundleCommand, GivesTheSameResultsElsewhere) {
  Export();
  const json imported = json::parse(Done({"import", bundle_.native(), "--json"}, "here").out);
  EXPECT_EQ(imported["study"], "tiny");
  EXPECT_EQ(imported["added"], 18);
  ExpectTheSameIsShown("here");
  Done({"rebuild"}, "here");
  ExpectTheSameIsShown("here");
  EXPECT_EQ(DifferencesBetween(ContentOf(folder_ / "source", "tiny"),
                               ContentOf(folder_ / "here", "tiny")),
            "");
  const Finished run = Done({"run", recipe_.native()}, "here");
  EXPECT_TRUE(Says(run.err, "18 stages of 6 runs, all complete already"));
  const json again = json::parse(Done({"import", bundle_.native(), "--json"}, "here").out);
  EXPECT_EQ(again["kept"], 18);
  EXPECT_EQ(again["added"], 0);
}

// A new arm reads the tokens and the parent, which the bundle has only where it was told to.
TEST_F(BundleCommand, MakesAgainWhatIsReadAndWasLeftBehind) {
  const std::vector<std::string> more = {"run", recipe_.native(), "--set", "seeds=[0, 1, 2, 3]"};
  Export();
  Done({"import", bundle_.native()}, "without");
  const Finished without = Done(more, "without");
  EXPECT_TRUE(Says(without.err,
                   "again     parent: a later stage reads its output, but the bundle "
                   "that it came from left it out"));
  Export({"--models", "all"});
  Done({"import", bundle_.native()}, "with");
  const Finished with = Done(more, "with");
  EXPECT_EQ(with.err.find("again "), std::string::npos) << with.err;
  EXPECT_EQ(DifferencesBetween(ContentOf(folder_ / "with", "tiny"),
                               ContentOf(folder_ / "without", "tiny")),
            "");
}

// Half a study beside a running one is what is complete of it.
TEST_F(BundleCommand, HasWhatIsCompleteWhereASchedulerIsAtWork) {
  Export();
  const std::string alone = ReadTextFile(bundle_);
  const auto scheduler = FileLock::TryAcquire(folder_ / "source/scheduler.lock");
  ASSERT_TRUE(scheduler);
  Export();
  EXPECT_EQ(ReadTextFile(bundle_), alone) << "all is complete";
  const json stages = json::parse(
      Done({"query", "SELECT fingerprint FROM stage WHERE kind = 'evaluate'", "--json"}, "source")
          .out);
  const std::string one = stages.at("rows").at(0).at(0);
  JournalWriter(folder_ / "source/stages" / one / "journal")
      .Event(EventOf(AttemptStart{.host = "lab", .pid = 1, .time = 2}));
  const json beside =
      json::parse(Done({"export", "tiny", "--bundle", bundle_.native(), "--json"}, "source").out);
  EXPECT_EQ(beside.at("stages"), 17);
  EXPECT_TRUE(Says(beside.at("notes").dump(), "left out: 1 stage that the process which works"));
  EXPECT_EQ(json::parse(Done({"import", bundle_.native(), "--json"}, "here").out)["added"], 17);
  Done({"run", recipe_.native()}, "here");
  EXPECT_EQ(Done({"export", "tiny", "--format", "csv"}, "here").out,
            Done({"export", "tiny", "--format", "csv"}, "source").out);
}

// Wherever it is killed, the same command goes on.
TEST_F(BundleCommand, IsFinishedByTheSameCommandAfterAKill) {
  Export({"--models", "all", "--logs"});
  const std::vector<std::string> words = {"import", bundle_.native(), "--root",
                                          (folder_ / "here").native()};
  int killed = 0;
  for (int milliseconds = 2; milliseconds < 400; milliseconds += milliseconds / 4 + 3) {
    Program import(words);
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    import.Signal(SIGKILL);
    killed += import.Wait().exit_code == 128 + SIGKILL ? 1 : 0;
  }
  EXPECT_GT(killed, 0);
  Done({"import", bundle_.native()}, "here");
  ExpectTheSameIsShown("here");
  for (const auto& entry : fs::directory_iterator(folder_ / "here")) {
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
  }
  const json again = json::parse(Done({"import", bundle_.native(), "--json"}, "here").out);
  EXPECT_EQ(again["added"], 0);
  EXPECT_EQ(again["records"], 0);
}

TEST_F(BundleCommand, SaysWhatIsWrong) {
  Export();
  const std::string bytes = ReadTextFile(bundle_);
  Put(bundle_, bytes.substr(0, bytes.size() / 2));
  const Finished cut = In("here", {"import", bundle_.native()});
  EXPECT_EQ(cut.exit_code, 2);
  EXPECT_TRUE(Says(cut.err, "error: " + bundle_.native() + " is not taken over: "));
  EXPECT_TRUE(Says(cut.err, "nothing was changed"));
  EXPECT_EQ(NamesIn(folder_ / "here"), std::set<std::string>{"scheduler.lock"});

  const Finished absent = In("nowhere", {"import", "absent.bundle"});
  EXPECT_EQ(absent.exit_code, 2);
  EXPECT_TRUE(Says(absent.err, "there is no file absent.bundle"));
  EXPECT_FALSE(fs::exists(folder_ / "nowhere"));

  EXPECT_EQ(In("source", {"export", "tiny", "--models", "all"}).exit_code, 2);
  EXPECT_EQ(In("source", {"export", "tiny", "--bundle", "x", "--format", "csv"}).exit_code, 2);
  EXPECT_EQ(In("source", {"export", "tiny", "--bundle", "x", "--models", "some"}).exit_code, 2);
  const Finished unknown = In("source", {"export", "tyni", "--bundle", "x"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(Says(unknown.err, "tiny"));
}

}  // namespace
}  // namespace upcycle
