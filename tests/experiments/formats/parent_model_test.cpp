#include "experiments/formats/parent_model.h"

#include <string>

#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

fs::path Golden(const char* name) { return fs::path(UPCYCLE_GOLDEN_MODELS) / name; }

TEST(ParentModel, HasTheSettingsOfItsConfiguration) {
  const ModelSettings settings = ReadParentSettings(Golden("qwen3").native());
  EXPECT_EQ(settings.family, Family::kQwen3);
  EXPECT_EQ(settings.layers, 2);
  EXPECT_EQ(settings.head_width, 8);
  EXPECT_EQ(settings.vocabulary, 32);
  EXPECT_EQ(settings.from, Golden("qwen3").native());
}

TEST(ParentModel, IsDense) {
  try {
    ReadParentSettings(Golden("mixtral").native());
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(Says(error.what(), "has experts, and the parent of a run is a dense model"));
  }
}

TEST(ParentModel, MayBeAskedForShorterSequencesAlone) {
  ModelSettings asked = ReadParentSettings(Golden("llama").native());
  asked.sequence_length = 16;
  asked.head_width = 4;  // as it is: 16 / 4
  asked.init_std = 0.5;
  EXPECT_TRUE(FindParentMistakes(asked).empty());
  asked.sequence_length = 128;
  asked.ffn_width = 25;
  const std::vector<ParentMistake> mistakes = FindParentMistakes(asked);
  ASSERT_EQ(mistakes.size(), 2u);
  EXPECT_EQ(mistakes[0].setting, "model.ffn_width");
  EXPECT_TRUE(Says(mistakes[0].message, "ffn_width is 24 in "));
  EXPECT_TRUE(Says(mistakes[1].message, "sequence_length is 64 in "));
}

TEST(ParentModel, IsIdentifiedByItsBytesWhereverItLies) {
  const TemporaryFolder folder;
  fs::copy(Golden("llama"), folder / "copy");
  const Fingerprint here = ModelFingerprint(ModelSource(Golden("llama")));
  EXPECT_EQ(ModelFingerprint(ModelSource(folder / "copy")), here);
  const std::string config = ReadTextFile(folder / "copy" / "config.json");
  WriteFileAtomically(folder / "copy" / "config.json", config + " ");
  EXPECT_NE(ModelFingerprint(ModelSource(folder / "copy")), here);
}

}  // namespace
}  // namespace upcycle
