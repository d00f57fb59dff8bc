// What users get wrong, and what machines do to them: a clear message and the right exit code, and
// nothing lost. Mistakes inside recipes are tested with all their wording in tests/core/recipe.

#include <csignal>
#include <fstream>
#include <functional>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/files.h"
#include "tests/processes.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

class BadInputTest : public testing::Test {
 protected:
  BadInputTest() { Put(recipe_, kTinyRecipe); }

  Finished Run(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"run", recipe_.native(), "--root", root_.native()};
    words.insert(words.end(), more.begin(), more.end());
    return RunProgram(words);
  }

  // Exit code 2, and all of these words in the message.
  static void ExpectRefused(const Finished& result, const std::vector<std::string>& words) {
    EXPECT_EQ(result.exit_code, 2) << result.err;
    for (const std::string& word : words) {
      EXPECT_TRUE(Says(result.err, word));
    }
  }

  // A run that fails, and whose status says why.
  void ExpectFailed(const Finished& result, const std::vector<std::string>& words) const {
    EXPECT_EQ(result.exit_code, 1) << result.err;
    const Finished status = RunProgram({"status", "tiny", "--root", root_.native()});
    for (const std::string& word : words) {
      EXPECT_TRUE(Says(result.err, word));
      EXPECT_TRUE(Says(status.out, word));
    }
  }

  TemporaryFolder folder_;
  fs::path recipe_ = folder_ / "tiny.yaml";
  fs::path root_ = folder_ / "root";
};

TEST_F(BadInputTest, UnknownKey) {
  ExpectRefused(Run({"--set", "moe.topk=2"}), {"--set moe.topk=2", "did you mean", "top_k"});
  EXPECT_FALSE(fs::exists(root_)) << "nothing starts";
}

TEST_F(BadInputTest, WrongType) {
  ExpectRefused(Run({"--set", "model.layers=four"}), {"layers", "four"});
}

TEST_F(BadInputTest, OutOfRange) {
  ExpectRefused(Run({"--set", "model.layers=0"}), {"layers", "0"});
}

TEST_F(BadInputTest, BrokenRelations) {
  ExpectRefused(Run({"--set", "model.heads=3"}), {"width", "heads"});
  ExpectRefused(Run({"--set", "moe.top_k=9"}), {"top_k", "experts"});
  ExpectRefused(Run({"--set", "moe.granularity=5", "--set", "arms.1.upcycle=virtual_groups"}),
                {"granularity"});
}

TEST_F(BadInputTest, SeveralMistakesAtOnce) {
  ExpectRefused(Run({"--set", "model.layers=0", "--set", "moe.topk=2", "--set", "seeds=none"}),
                {"model.layers=0", "moe.topk=2", "seeds=none"});
}

TEST_F(BadInputTest, MissingRecipe) {
  ExpectRefused(RunProgram({"run", (folder_ / "none.yaml").native()}), {"none.yaml"});
}

TEST_F(BadInputTest, UnknownCommandAndOption) {
  ExpectRefused(RunProgram({"rum"}), {"rum", "--help"});
  ExpectRefused(Run({"--job", "2"}), {"--job", "usage"});
}

TEST_F(BadInputTest, MissingTextFile) {
  ExpectRefused(Run({"--set", "data.train=[{files: [missing/*.txt]}]"}), {"missing/*.txt"});
}

TEST_F(BadInputTest, MistakesInTheDataAreSaidAllAtOnceByEveryCommandThatReadsARecipe) {
  Put(folder_ / "empty.txt", "");
  Put(folder_ / "texts/a.txt", "text\n");
  const fs::path recipe = folder_ / "data.yaml";
  Put(recipe, R"(name: data
data:
  train:
    - {name: .., files: empty.txt}
    - {name: b, files: [texts/*.txt, none.txt]}
  validation:
    - {name: v, files: texts}
    - {name: w, files: texts/a.txt}
)");
  for (const char* command : {"validate", "run"}) {
    std::vector<std::string> words = {command, recipe.native()};
    if (words[0] != "validate") words.insert(words.end(), {"--root", root_.native()});
    ExpectRefused(
        RunProgram(words),
        {"data.yaml:4:14: error: data.train.0.name cannot be \"..\"",
         "data.yaml:4:25: error: ", "empty.txt is empty", "data.yaml:5:38: error: no file matches",
         "data.yaml:7:24: error: ", "is a folder", "data.yaml:8:24: error: ", "also trained on"});
  }
  EXPECT_FALSE(fs::exists(root_)) << "nothing starts";
}

TEST_F(BadInputTest, EmptyCorpus) {
  Put(folder_ / "empty.txt", "");
  ExpectRefused(Run({"--set", "data.train=[{files: [" + (folder_ / "empty.txt").native() + "]}]"}),
                {"empty.txt", "empty"});
}

TEST_F(BadInputTest, CorpusShorterThanOneSequence) {
  Put(folder_ / "short.txt", "A few words.\nAnd a few more.\n");
  ExpectFailed(Run({"--set", "data.train=[{files: [" + (folder_ / "short.txt").native() + "]}]",
                    "--set", "model.sequence_length=512"}),
               {"sequence", "512"});
}

// The parent was trained and evaluated before: what is damaged since is noticed before a run reads
// it, said, and made anew, and the results are those of a root that was never touched.
TEST_F(BadInputTest, DamagedParentIsMadeAnew) {
  const std::vector<std::string> dense = {"--set", "arms=[{name: dense, upcycle: none}]"};
  const auto run = [&](const fs::path& root, const char* seeds) {
    std::vector<std::string> words = {"run", recipe_.native(), "--root", root.native()};
    words.insert(words.end(), dense.begin(), dense.end());
    words.insert(words.end(), {"--set", seeds});
    return RunProgram(words);
  };
  const auto exported = [&](const fs::path& root) {
    return RunProgram({"export", "tiny", "--format", "json", "--root", root.native()}).out;
  };
  const auto truncate = [](const fs::path& weights) {
    fs::resize_file(weights, fs::file_size(weights) / 2);
  };
  const auto flip_a_bit = [](const fs::path& weights) {
    std::string bytes = ReadTextFile(weights);
    bytes[2 * bytes.size() / 3] ^= 1;
    Put(weights, bytes);
  };
  ASSERT_EQ(run(folder_ / "calm", "seeds=[0, 1]").exit_code, 0);
  for (const std::function<void(const fs::path&)>& damage :
       {std::function<void(const fs::path&)>(truncate), {flip_a_bit}}) {
    fs::remove_all(root_);
    ASSERT_EQ(run(root_, "seeds=[0]").exit_code, 0);
    for (const auto& stage : fs::directory_iterator(root_ / "stages")) {
      if (fs::exists(stage.path() / "model")) damage(stage.path() / "model/model.safetensors");
    }
    const Finished again = run(root_, "seeds=[0, 1]");
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_TRUE(Says(again.err, "again     parent: a later stage reads its output, but"));
    EXPECT_TRUE(Says(again.err, "model.safetensors is not what was written"));
    EXPECT_EQ(exported(root_), exported(folder_ / "calm"));
  }
}

TEST_F(BadInputTest, DeviceThatIsNotThere) {
  ExpectRefused(Run({"--set", "execution.device=cuda:77"}), {"cuda:77", "execution.device"});
}

TEST_F(BadInputTest, AFailureTellsWhatWasHeldBack) {
  Put(folder_ / "short.txt", "A few words.\nAnd a few more.\n");
  const std::vector<std::string> settings = {
      "-j",
      "1",
      "--set",
      "data.train=[{files: [" + (folder_ / "short.txt").native() + "]}]",
      "--set",
      "arms=[{name: long, upcycle: none, model.sequence_length: 512}, "
      "{name: tall, upcycle: none, model.layers: 3, model.sequence_length: 512}]",
  };
  const Finished run = Run(settings);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_TRUE(Says(run.err, "--keep-going would have started 1 of them all the same"));
  const Finished status = RunProgram({"status", "tiny", "--root", root_.native()});
  EXPECT_TRUE(Says(status.out, "planned   train (3 runs): another stage failed first"));
}

TEST_F(BadInputTest, ForeignLedger) {
  fs::create_directories(root_);
  Put(root_ / "ledger.sqlite", "this is a letter to a friend, and not a database at all\n");
  ExpectRefused(Run(), {"ledger.sqlite"});
  EXPECT_EQ(ReadTextFile(root_ / "ledger.sqlite"),
            "this is a letter to a friend, and not a database at all\n");
}

TEST_F(BadInputTest, UnknownStudy) {
  ASSERT_EQ(Run({"--set", "seeds=[0]"}).exit_code, 0);
  ExpectRefused(RunProgram({"compare", "tinny", "--root", root_.native()}), {"tinny", "tiny"});
  ExpectRefused(RunProgram({"export", "tiny", "--format", "word", "--root", root_.native()}),
                {"word", "latex"});
}

TEST_F(BadInputTest, NoLedgerYet) {
  ExpectRefused(RunProgram({"compare", "tiny", "--root", root_.native()}), {"ledger.sqlite"});
}

// The superuser may write anywhere, so the place is one where nobody can make a folder.
TEST_F(BadInputTest, RootThatCannotBeWritten) {
  ExpectRefused(RunProgram({"run", recipe_.native(), "--root", "/proc/upcycle"}),
                {"/proc/upcycle"});
  Put(folder_ / "file", "not a folder");
  ExpectRefused(RunProgram({"run", recipe_.native(), "--root", (folder_ / "file").native()}),
                {"file"});
}

TEST_F(BadInputTest, FullDiskLosesNothing) {
  Finished full;
  {
    const FileSizeLimit limit(200'000);
    full = Run({"--set", "seeds=[0]", "-k"});
  }
  EXPECT_TRUE(full.exit_code == 1 || full.exit_code == 2) << full.exit_code << full.err;
  EXPECT_TRUE(Says(full.err, "large"));  // in the system's words or ours

  // With room again the same command goes on, and ends where an undisturbed one ends.
  ASSERT_EQ(Run({"--set", "seeds=[0]"}).exit_code, 0);
  const fs::path calm = folder_ / "calm";
  ASSERT_EQ(RunProgram({"run", recipe_.native(), "--root", calm.native(), "--set", "seeds=[0]"})
                .exit_code,
            0);
  EXPECT_EQ(DifferencesBetween(ContentOf(root_, "tiny"), ContentOf(calm, "tiny")), "");
}

}  // namespace
}  // namespace upcycle
