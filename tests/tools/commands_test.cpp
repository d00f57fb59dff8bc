// What commands print, where they write it, and what they say where that cannot be done.

#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "core/file_lock.h"
#include "core/files.h"
#include "core/tokenizers/tokenizer.h"
#include "tests/core/data/real_data.h"
#include "tests/results/fixture.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"
#include "tests/tools/tiny_study.h"

namespace upcycle {
namespace {

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() {
    Put(recipe_, kTinyRecipe);
    fs::create_directories(root_);
    LedgerWriter ledger(root_ / "ledger.sqlite");
    ledger.RecordStudy(StudyOf({"dense", "routed"}, {0, 1}));
    IngestNext(ledger, StageFor(StageRole::kTrain, "routed", 1),
               {Event(R"({"event": "attempt_started", "host": "lab", "pid": 7})"),
                Event(R"({"event": "progress", "step": 340, "steps": 1000})")});
  }

  // Every command that prints something.
  std::vector<std::vector<std::string>> Printing() const {
    std::vector<std::vector<std::string>> commands = {
        {"--help"},
        {"--version"},
        {"export", "--help"},
        {"schema"},
        {"schema", "--text"},
        {"validate", recipe_.native()},
        {"plan", recipe_.native(), "--json", "--root", root_.native()},
        {"query", "SELECT name FROM arm", "--root", root_.native()},
        {"query", "--schema"},
        {"doctor", "--root", root_.native()},
    };
    for (const char* command : {"status", "explain", "gc", "compare", "export"}) {
      commands.push_back({command, "study", "--root", root_.native()});
    }
    return commands;
  }

  Finished Export(const fs::path& output) const {
    return RunProgram({"export", "study", "--root", root_.native(), "-o", output.native()});
  }

  TemporaryFolder folder_;
  fs::path recipe_ = folder_ / "tiny.yaml";
  fs::path root_ = folder_ / "root";
};

TEST_F(CommandsTest, SayThatTheirOutputMetAFullDisk) {
  for (const auto& command : Printing()) {
    const Finished result = RunProgram(command, OutputKind::kFullDisk);
    EXPECT_EQ(result.exit_code, 2) << command.front();
    EXPECT_TRUE(Says(result.err, "cannot write standard output: No space left on device"))
        << command.front();
    EXPECT_FALSE(Says(result.err, "bug")) << command.front();
  }
}

TEST_F(CommandsTest, AreSilentWhereTheReaderOfTheirOutputHasGone) {
  for (const auto& command : Printing()) {
    const Finished result = RunProgram(command, OutputKind::kClosedPipe);
    EXPECT_EQ(result.exit_code, 128 + SIGPIPE) << command.front();
    EXPECT_EQ(result.err, "") << command.front();
  }
}

// Vavre 2024's model, on text that nobody here has.
constexpr const char* kPricedRecipe = R"(name: priced
model: llama-3-8b
data: {train: [{name: web, files: [nowhere/*.txt]}]}
moe: {router: topk_then_softmax}
train: {tokens: 27G, batch_sequences: 512, micro_batch_sequences: 1, precision: bfloat16}
arms:
  - {name: dense, upcycle: none}
  - {name: E8T2, upcycle: copy}
  - {name: capacity 4, upcycle: copy, moe.capacity_factor: 4}
baseline: dense
)";

TEST_F(CommandsTest, PlanPricesARecipeWhoseDataIsNotHere) {
  const fs::path recipe = folder_ / "priced.yaml";
  Put(recipe, kPricedRecipe);
  const std::string root = (folder_ / "new").native();
  const Finished plan = RunProgram({"plan", recipe.native(), "--root", root, "--tflops", "400"});
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  for (const char* figure :
       {"47.49B", "13.67B", "4.744e14", "7.515e14", "34.34B and 11.79B",
        "can drop nothing: it is dropless", "The data is not here", "dense: 1.086k"}) {
    EXPECT_TRUE(Says(plan.out, figure)) << figure << '\n' << plan.out;
  }
  EXPECT_TRUE(Says(plan.err, "warning: no file matches"));
  const Finished run = RunProgram({"run", recipe.native(), "--root", root});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_TRUE(Says(run.err, "error: no file matches"));
}

TEST_F(CommandsTest, PlanNeedsADeviceAtLeast) {
  for (const char* devices : {"0", "-1"}) {
    const Finished plan = RunProgram(
        {"plan", recipe_.native(), "--root", (folder_ / "new").native(), "--devices", devices});
    EXPECT_EQ(plan.exit_code, 2);
    EXPECT_TRUE(Says(plan.err, "--devices counts devices"));
  }
}

TEST_F(CommandsTest, PlanTellsWhatArmsCostAsJson) {
  const fs::path recipe = folder_ / "priced.yaml";
  Put(recipe, kPricedRecipe);
  const Finished plan = RunProgram(
      {"plan", recipe.native(), "--root", (folder_ / "new").native(), "--json", "--devices", "4"});
  const auto json = nlohmann::json::parse(plan.out);
  EXPECT_FALSE(json.at("has_data"));
  EXPECT_TRUE(json.at("runs").empty());
  const auto& cost = json.at("arms").at(1).at("cost");
  EXPECT_NEAR(cost.at("sequence_train_flops").get<double>() / 7.5156e14, 1, 1e-4);
  EXPECT_NEAR(cost.at("flops_over_dense").get<double>(), 1.584, 1e-3);
  EXPECT_NEAR(cost.at("parameters_over_dense").get<double>(), 5.914, 1e-3);
  EXPECT_EQ(cost.at("expert_traffic_bytes_per_token"), 4.0 * 32 * 2 * 4096 * 2 * 3 / 4);
}

TEST_F(CommandsTest, PlanRefusesFewerDevicesThanOne) {
  for (const char* devices : {"0", "-8"}) {
    const Finished plan = RunProgram({"plan", recipe_.native(), "--devices", devices});
    EXPECT_EQ(plan.exit_code, 2) << devices;
    EXPECT_TRUE(Says(plan.err, "--devices counts devices"));
  }
}

TEST_F(CommandsTest, RefuseARootWithoutAName) {
  std::vector<std::vector<std::string>> commands = {{"run", recipe_.native()},
                                                    {"plan", recipe_.native()}};
  for (const char* command : {"status", "compare", "export"})
    commands.push_back({command, "study"});
  for (auto& command : commands) {
    command.insert(command.end(), {"--root", ""});
    const Finished result = RunProgram(command);
    EXPECT_EQ(result.exit_code, 2) << command.front();
    EXPECT_EQ(result.err,
              "error: --root is empty; it names the folder of all state, as in --root runs\n")
        << command.front();
  }
}

TEST_F(CommandsTest, ExportReplacesAFileAsAWhole) {
  Put(folder_ / "table.md", "what was there before, and longer than nothing\n");
  EXPECT_EQ(Export(folder_ / "table.md").exit_code, 0);
  EXPECT_TRUE(ReadTextFile(folder_ / "table.md").starts_with("### study: validation/loss"));
}

TEST_F(CommandsTest, ExportWritesWhatALinkLeadsTo) {
  fs::create_directories(folder_ / "paper");
  Put(folder_ / "paper/table.md", "old\n");
  fs::create_symlink("paper/table.md", folder_ / "near.md");
  fs::create_symlink(folder_ / "near.md", folder_ / "far.md");
  EXPECT_EQ(Export(folder_ / "far.md").exit_code, 0);
  EXPECT_TRUE(fs::is_symlink(folder_ / "far.md"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "near.md"));
  EXPECT_TRUE(ReadTextFile(folder_ / "paper/table.md").starts_with("### study"));
}

TEST_F(CommandsTest, ExportMakesTheFileThatALinkNames) {
  fs::create_directories(folder_ / "paper");
  fs::create_symlink("paper/table.md", folder_ / "table.md");
  EXPECT_EQ(Export(folder_ / "table.md").exit_code, 0);
  EXPECT_TRUE(fs::is_symlink(folder_ / "table.md"));
  EXPECT_TRUE(ReadTextFile(folder_ / "paper/table.md").starts_with("### study"));
}

TEST_F(CommandsTest, ExportRefusesLinksThatLeadNowhere) {
  fs::create_symlink("b.md", folder_ / "a.md");
  fs::create_symlink("a.md", folder_ / "b.md");
  const Finished result = Export(folder_ / "a.md");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(Says(result.err, "a.md: Too many levels of symbolic links"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "a.md"));
}

TEST_F(CommandsTest, ExportWritesIntoAPipe) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = ReadTextFile(pipe); });
  const Finished result = Export(pipe);
  reader.join();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_TRUE(read.starts_with("### study"));
}

TEST_F(CommandsTest, ExportToWhatIsStandardOutputIsPrinted) {
  const Finished result = Export("/dev/stdout");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("### study"));
}

TEST_F(CommandsTest, StatusCallsRunningWhatASchedulerIsAt) {
  const std::vector<std::string> status = {"status", "study", "--root", root_.native()};
  EXPECT_TRUE(Says(RunProgram(status).out, "interrupted; the same command goes on"));
  const auto lock = FileLock::TryAcquire(root_ / "scheduler.lock");
  const std::string out = RunProgram(status).out;
  EXPECT_TRUE(Says(out, "running   train (routed, seed 1): step 340 of 1000"));
  EXPECT_FALSE(Says(out, "interrupted"));
}

TEST_F(CommandsTest, StatusMakesNoLock) {
  RunProgram({"status", "study", "--root", root_.native()});
  EXPECT_FALSE(fs::exists(root_ / "scheduler.lock"));
}

TEST_F(CommandsTest, PlanTellsHowOftenEachSourceIsRead) {
  const std::string root = (folder_ / "new").native();
  const Finished plan = RunProgram({"plan", recipe_.native(), "--root", root});
  EXPECT_TRUE(Says(plan.out, "  parent of dense: atlas about 31.20k tokens × 0.64\n"));
  EXPECT_TRUE(Says(plan.out, "  moe: atlas about 31.20k tokens × 0.48\n"));
  EXPECT_FALSE(Says(plan.out, "warning:"));
  const Finished often =
      RunProgram({"plan", recipe_.native(), "--root", root, "--set", "train.tokens=1M"});
  EXPECT_TRUE(Says(often.out, "warning: atlas is read more than 4 times"));
  const Finished json = RunProgram({"plan", recipe_.native(), "--root", root, "--json"});
  const auto data = nlohmann::json::parse(json.out).at("data");
  ASSERT_EQ(data.size(), 3u);
  EXPECT_EQ(data[0].at("sources")[0].at("name"), "atlas");
}

TEST_F(CommandsTest, PlanCountsBytesInTheirUnits) {
  const Finished plan =
      RunProgram({"plan", recipe_.native(), "--root", (folder_ / "new").native()});
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_TRUE(Says(plan.out, " kB of disk.") || Says(plan.out, " MB of disk."));
}

TEST(GenerateCommand, SaysWhatIsWrongWithItsOptionsBeforeItReadsAModel) {
  const auto refusal = [](const std::vector<std::string>& options) {
    std::vector<std::string> arguments = {"generate", "/nowhere"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Finished finished = RunProgram(arguments);
    EXPECT_EQ(finished.exit_code, 2);
    return finished.err;
  };
  EXPECT_TRUE(Says(refusal({"--top-p", "2"}), "top-p is a share"));
  EXPECT_TRUE(Says(refusal({"--temperature", "hot"}), "--temperature hot: write a number"));
  EXPECT_TRUE(Says(refusal({"--seed", "x"}), "--seed x: write a whole number of at least 0"));
  EXPECT_TRUE(Says(refusal({"--tokens", "0"}), "--tokens counts tokens"));
  EXPECT_TRUE(Says(refusal({"--precision", "int3"}), "expected float32 or bfloat16"));
  EXPECT_TRUE(Says(refusal({"--device", "tpu"}), "\"tpu\" is no device"));
  EXPECT_TRUE(Says(refusal({"caf\xe9"}), "the PROMPT is not UTF-8"));
  EXPECT_TRUE(Says(refusal({}), "/nowhere"));
}

Finished Tell(const std::string& prompt, const std::vector<std::string>& options,
              OutputKind output = OutputKind::kFile) {
  const fs::path folder = *RealData() / "stories260K";
  std::vector<std::string> arguments = {"generate", (folder / "stories260K.bin").native(), prompt,
                                        "--device", "cpu"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return RunProgram(arguments, output);
}

TEST(GenerateCommand, TellsAStory) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const fs::path tokenizer = *RealData() / "stories260K" / "tok512.model";
  const Finished told = Tell("Once upon", {"--tokenizer", tokenizer.native(), "--tokens", "12"});
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_TRUE(told.out.starts_with(" a time, there was a")) << told.out;
  EXPECT_TRUE(Says(told.err, "11 more at"));
  const Finished lost = Tell("Once upon", {});
  EXPECT_EQ(lost.exit_code, 2);
  EXPECT_TRUE(Says(lost.err, "--tokenizer names another place"));
}

TEST(GenerateCommand, EndsWhereWhatItTellsDoesNotArrive) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const fs::path file = *RealData() / "stories260K" / "tok512.model";
  const Finished full = Tell("Once", {"--tokenizer", file.native()}, OutputKind::kFullDisk);
  EXPECT_EQ(full.exit_code, 2);
  EXPECT_TRUE(Says(full.err, "No space left on device"));
  EXPECT_FALSE(Says(full.err, "tokens/s"));
  const Finished closed = Tell("Once", {"--tokenizer", file.native()}, OutputKind::kClosedPipe);
  EXPECT_EQ(closed.exit_code, 141);
  EXPECT_EQ(closed.err, "");
}

TEST(GenerateCommand, StopsAtTheModelsLastPositionAndSaysSo) {
  UPCYCLE_SKIP_WITHOUT_REAL_DATA();
  const fs::path file = *RealData() / "stories260K" / "tok512.model";
  const auto tokenizer = Tokenizer::Load(file);
  std::string prompt = "she ran";
  while (tokenizer->Encode(prompt).size() < 505) prompt += " and ran";
  const Finished stopped = Tell(prompt, {"--tokenizer", file.native(), "--tokens", "999"});
  EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
  EXPECT_TRUE(Says(stopped.err, "stopped: the model's sequences have 512 tokens"));
  while (tokenizer->Encode(prompt).size() < 512) prompt += " and ran";
  const Finished refused = Tell(prompt, {"--tokenizer", file.native()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(Says(refused.err, "the model's sequences have 512; shorten it"));
}

}  // namespace
}  // namespace upcycle
