// `upcycle inspect` as its users run it: what it prints of models, and of what is none.

#include <cstring>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"
#include "tests/tools/program.h"

namespace upcycle {
namespace {

using nlohmann::json;

const fs::path kModels = UPCYCLE_GOLDEN_MODELS;

class InspectCommand : public testing::Test {
 protected:
  // A copy of a model to be damaged.
  fs::path Copy(const char* name) const {
    fs::copy(kModels / name, folder_ / name);
    fs::remove(folder_ / name / "expected.safetensors");
    return folder_ / name;
  }

  static void Replace(const fs::path& file, const std::string& content) {
    fs::remove(file);
    Put(file, content);
  }

  TemporaryFolder folder_;
};

TEST_F(InspectCommand, ShowsConfigurationAndWeights) {
  const Finished run = RunProgram({"inspect", kModels / "llama"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_TRUE(Says(run.out, "llama as dense"));
  EXPECT_TRUE(Says(run.out, "2 of width 16, 4 heads of 4, 2 key-value heads"));
  EXPECT_TRUE(Says(run.out, "model.layers.#.self_attn.q_proj.weight"));
  EXPECT_FALSE(Says(run.out, "equal pairs"));
}

TEST_F(InspectCommand, ShowsEachTensorByItselfIfAsked) {
  const Finished run = RunProgram({"inspect", kModels / "llama", "--tensors"});
  EXPECT_TRUE(Says(run.out, "model.layers.1.self_attn.q_proj.weight"));
}

TEST_F(InspectCommand, ShowsHowFarExpertsAreApart) {
  const Finished run = RunProgram({"inspect", kModels / "mixtral"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_TRUE(Says(run.out, "equal pairs"));
}

TEST_F(InspectCommand, PrintsAllOfItAsJson) {
  const Finished run = RunProgram({"inspect", kModels / "mixtral", "--json"});
  EXPECT_EQ(run.exit_code, 0);
  const json all = json::parse(run.out);
  EXPECT_EQ(all["format"], "mixtral");
  EXPECT_EQ(all["model"]["layers"], 2);
  EXPECT_EQ(all["experts"].size(), 2u);
  int64_t numbers = 0;
  for (const json& tensor : all["tensors"]) numbers += tensor["count"].get<int64_t>();
  EXPECT_EQ(numbers, all["parameters"]);
}

TEST_F(InspectCommand, TellsOfNumbersThatAreNone) {
  const fs::path model = Copy("mixtral");
  std::string weights = ReadTextFile(model / "model.safetensors");
  uint64_t header = 0;
  std::memcpy(&header, weights.data(), sizeof header);
  std::memset(weights.data() + 8 + header, 0xFF, weights.size() - 8 - header);
  Replace(model / "model.safetensors", weights);
  const Finished text = RunProgram({"inspect", model});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_TRUE(Says(text.out, "not finite"));
  EXPECT_TRUE(Says(text.out, "nan"));
  const json all = json::parse(RunProgram({"inspect", model, "--json"}).out);
  EXPECT_EQ(all["tensors"][0]["finite"], 0);
  EXPECT_EQ(all["experts"][0]["equal_pairs"], 0);
  EXPECT_TRUE(all["experts"][0]["distance"].is_null());
}

TEST_F(InspectCommand, SaysWhatIsWrongWithWhatIsNoModel) {
  const auto complaint = [](const fs::path& path) {
    const Finished run = RunProgram({"inspect", path});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.out, "");
    return run.err;
  };
  EXPECT_TRUE(Says(complaint(folder_ / "nothing"), "has no config.json"));
  EXPECT_TRUE(Says(complaint(folder_.path()), "has no config.json"));
  EXPECT_TRUE(Says(complaint(folder_ / "nothing.bin"), "cannot read"));
  const fs::path model = Copy("llama");
  const std::string weights = ReadTextFile(model / "model.safetensors");
  Replace(model / "model.safetensors", weights.substr(0, weights.size() - 1));
  EXPECT_TRUE(Says(complaint(model), "it is truncated"));
  fs::remove(model / "model.safetensors");
  EXPECT_TRUE(Says(complaint(model), "has no safetensors"));
  Put(model / "model.safetensors.index.json",
      R"({"weight_map": {"a": "model-00001-of-00002.safetensors"}})");
  EXPECT_TRUE(Says(complaint(model), "model-00001-of-00002.safetensors"));
  Replace(model / "config.json", R"({"upcycle": {"model": {"heads": 0}}, "vocab_size": 8})");
  EXPECT_TRUE(Says(complaint(model), "0 heads"));
  fs::remove(model / "config.json");
  fs::create_directory(model / "config.json");
  EXPECT_TRUE(Says(complaint(model), "Is a directory"));
}

TEST_F(InspectCommand, FollowsLinksAsDownloadsHaveThem) {
  fs::create_directories(folder_ / "snapshot");
  for (const char* file : {"config.json", "model.safetensors"}) {
    fs::create_symlink(kModels / "llama" / file, folder_ / "snapshot" / file);
  }
  EXPECT_EQ(RunProgram({"inspect", folder_ / "snapshot"}).exit_code, 0);
}

}  // namespace
}  // namespace upcycle
