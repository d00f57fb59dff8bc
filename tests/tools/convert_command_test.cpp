// `upcycle convert` as its users run it: what it prints, what it leaves, how it goes on.

#include <csignal>
#include <map>
#include <memory>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "tests/processes.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

using Words = std::vector<std::string>;

const fs::path kModel = fs::path(UPCYCLE_GOLDEN_MODELS) / "llama";

std::map<std::string, std::string> FilesIn(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files[entry.path().lexically_relative(folder)] = ReadTextFile(entry.path());
    }
  }
  return files;
}

class ConvertCommand : public testing::Test {
 protected:
  Words Line(const fs::path& output, const Words& more = {}) const {
    Words words = {"convert", kModel.native(), "-o", output.native()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  TemporaryFolder folder_;
  fs::path output_ = folder_ / "out";
};

TEST_F(ConvertCommand, SaysWhatItWrites) {
  const Finished run = RunProgram(Line(output_, {"--experts", "4"}));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "");
  EXPECT_TRUE(Says(run.err, "llama as mixtral"));
  EXPECT_TRUE(Says(run.err, "4 experts a layer, 2 a token"));
  EXPECT_TRUE(Says(run.err, "wrote " + output_.native()));
  EXPECT_EQ(NamesIn(output_),
            (std::set<std::string>{"config.json", "model.safetensors", "upcycle.json"}));
  EXPECT_EQ(NamesIn(folder_.path()), std::set<std::string>{"out"});
}

TEST_F(ConvertCommand, PrintsThePlanAsJson) {
  const Finished run = RunProgram(Line(output_, {"--json", "--shard-for", "tp=2,pp=2"}));
  EXPECT_EQ(run.exit_code, 0);
  const auto plan = nlohmann::json::parse(run.out);
  EXPECT_EQ(plan["family"], "llama");
  EXPECT_EQ(plan["format"], "dense");
  ASSERT_EQ(plan["folders"].size(), 4u);
  EXPECT_EQ(plan["folders"][3]["folder"], "tp1-ep0-pp1");
  EXPECT_TRUE(fs::exists(output_ / "tp1-ep0-pp1" / "model.safetensors"));
}

TEST_F(ConvertCommand, PlansWithoutWriting) {
  const Finished run = RunProgram(Line(output_, {"--dry-run", "--json", "--type", "bfloat16"}));
  EXPECT_EQ(run.exit_code, 0);
  const auto plan = nlohmann::json::parse(run.out);
  EXPECT_EQ(plan["type"], "BF16");
  EXPECT_EQ(plan["folders"][0]["files"][0]["file"], "model.safetensors");
  EXPECT_GT(plan["write_bytes_per_second"], 0);
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(ConvertCommand, TakesAFolderWithASlash) {
  EXPECT_EQ(RunProgram(Line(output_.native() + "/")).exit_code, 0);
  EXPECT_TRUE(fs::exists(output_ / "model.safetensors"));
}

TEST_F(ConvertCommand, RefusesWhatMakesNoSenseAndLeavesNothing) {
  const std::pair<Words, const char*> cases[] = {
      {{"--experts", "8", "--granularity", "0"}, "experts are a multiple of granularity"},
      {{"--experts", "-1"}, "experts are a multiple of granularity"},
      {{"--experts", "8", "--granularity", "-2147483648"}, "experts are a multiple of granularity"},
      {{"--experts", "9999999999999999999"}, "is invalid"},
      {{"--experts", "2147483647"}, "moe.expansion cannot be"},
      {{"--experts", "8", "--top-k", "9"}, "cannot be sent to 9 of 8 experts"},
      {{"--experts", "8", "--init", "none"}, "makes no mixture"},
      {{"--experts", "8", "--init", "nonsense"}, "nonsense"},
      {{"--experts", "8", "--set", "model.layers=1"}, "no setting of moe or upcycle"},
      {{"--experts", "8", "--branch", "x"}, "x has no config.json"},
      {{"--top-k", "4"}, "with --experts"},
      {{"--granularity", "2"}, "with --experts"},
      {{"--init", "drop"}, "with --experts"},
      {{"--shard-size", "0"}, "--shard-size 0"},
      {{"--shard-size", "-1GB"}, "--shard-size -1GB"},
      {{"--shard-size", "nanGB"}, "--shard-size nanGB"},
      {{"--shard-for", "tp=65536,ep=65536,pp=65536"}, "ranks are more than"},
      {{"--shard-for", "tp=3"}, "cannot be shared out evenly"},
      {{"--shard-for", "tp=0"}, "is no parallel layout"},
      {{"--shard-for", "tp=2", "--rank", "tp=2"}, "ranks are counted from 0"},
      {{"--rank", "tp=0"}, "is one of --shard-for's ranks"},
      {{"--type", "int8"}, "--type int8"},
      {{"--format", "gguf"}, "--format gguf"},
      {{"--format", "mixtral"}, "it has no experts"},
      {{"--seed", "-1"}, "--seed"},
      {{"--tokenizer", "nowhere"}, "nowhere"},
  };
  for (const auto& [words, complaint] : cases) {
    const Finished run = RunProgram(Line(output_, words));
    EXPECT_EQ(run.exit_code, 2) << testing::PrintToString(words);
    EXPECT_TRUE(Says(run.err, complaint));
    EXPECT_TRUE(fs::is_empty(folder_.path()));
  }
}

TEST_F(ConvertCommand, ReplacesNothing) {
  Put(output_ / "notes.txt", "mine");
  const Finished run = RunProgram(Line(output_));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_TRUE(Says(run.err, "exists already; remove it or choose another -o"));
  EXPECT_EQ(NamesIn(output_), std::set<std::string>{"notes.txt"});
}

// More layers than any memory could list.
TEST_F(ConvertCommand, RefusesConfigurationsThatAskForTheMoon) {
  fs::copy(kModel, folder_ / "moon");
  auto config = nlohmann::json::parse(ReadTextFile(kModel / "config.json"));
  config["num_hidden_layers"] = 1'000'000'000;
  fs::remove(folder_ / "moon" / "config.json");
  Put(folder_ / "moon" / "config.json", config.dump());
  const Finished run = RunProgram({"convert", folder_ / "moon", "--dry-run"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_TRUE(Says(run.err, "it says 1000000000 layers, and models have 1 to 1024"));
}

TEST_F(ConvertCommand, WritesIntoTheModelsOwnFolderIfAsked) {
  fs::copy(kModel, folder_ / "model");
  const fs::path inside = folder_ / "model" / "moe";
  EXPECT_EQ(RunProgram({"convert", folder_ / "model", "-o", inside, "--experts", "4"}).exit_code,
            0);
  EXPECT_EQ(RunProgram({"inspect", folder_ / "model"}).exit_code, 0);
  EXPECT_EQ(RunProgram({"inspect", inside}).exit_code, 0);
}

// Many files, so that there is time to be stopped between two.
const Words kLong = {"--experts", "96", "--init", "drop", "--shard-size", "20kB"};
constexpr size_t kFilesOfLong = 46;  // of tensors

class LongConversion : public ConvertCommand {
 protected:
  // One that stands still (SIGSTOP) with the first files written and the last ones missing. Where
  // it was further before it was stopped, another one is begun. Null where it always was.
  std::unique_ptr<Program> StopAmidItsFiles() const {
    for (int attempt = 0; attempt < 50; ++attempt) {
      auto program = std::make_unique<Program>(Line(output_, kLong));
      program->Await([&] { return FilesWritten() > 0; });
      if (StopProcess(program->pid()) && FilesWritten() < kFilesOfLong / 2) return program;
      program->Signal(SIGKILL);
      program->Wait();
      for (const fs::path& made : {output_, Unfinished()}) fs::remove_all(made);
    }
    return nullptr;
  }

 private:
  fs::path Unfinished() const { return output_.native() + ".unfinished"; }
  size_t FilesWritten() const {
    size_t written = 0;
    std::error_code none;
    for (fs::directory_iterator entry(Unfinished(), none), end; !none && entry != end;
         entry.increment(none)) {
      written += entry->path().extension() == ".safetensors";
    }
    return none ? 0 : written;
  }
};

class StoppedConversion : public LongConversion, public testing::WithParamInterface<int> {
 protected:
  Finished Stop(int signal) const {
    const auto program = StopAmidItsFiles();
    if (!program) return {};
    program->Signal(signal);
    program->Signal(SIGCONT);
    return program->Wait();
  }
};

TEST_P(StoppedConversion, GoesOnWithTheSameBits) {
  const Finished stopped = Stop(GetParam());
  const bool is_told = GetParam() != SIGKILL;
  EXPECT_EQ(stopped.exit_code, is_told ? 130 : 128 + SIGKILL);
  if (is_told) {
    EXPECT_TRUE(Says(stopped.err, "the same command goes on where it was"));
  }
  ASSERT_FALSE(fs::exists(output_));
  const Finished resumed = RunProgram(Line(output_, kLong));
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  ASSERT_EQ(RunProgram(Line(folder_ / "whole", kLong)).exit_code, 0);
  EXPECT_EQ(FilesIn(output_), FilesIn(folder_ / "whole"));
}

INSTANTIATE_TEST_SUITE_P(Signals, StoppedConversion, testing::Values(SIGINT, SIGTERM, SIGKILL),
                         [](const auto& parameter) {
                           return std::string("Signal") + std::to_string(parameter.param);
                         });

TEST_F(ConvertCommand, GoesOnWhenTheDiskHasRoomAgain) {
  {
    const FileSizeLimit full(10'000);
    const Finished run = RunProgram(Line(output_));
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_TRUE(Says(run.err, "cannot write"));
  }
  EXPECT_FALSE(fs::exists(output_));
  EXPECT_EQ(RunProgram(Line(output_)).exit_code, 0);
  EXPECT_FALSE(fs::exists(output_.native() + ".unfinished"));
}

TEST_F(LongConversion, IsDoneByOneProcess) {
  const auto first = StopAmidItsFiles();
  ASSERT_TRUE(first);
  const Finished second = RunProgram(Line(output_, kLong));
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_TRUE(Says(second.err, "another process is filling"));
  first->Signal(SIGCONT);
  EXPECT_EQ(first->Wait().exit_code, 0);
}

}  // namespace
}  // namespace upcycle
