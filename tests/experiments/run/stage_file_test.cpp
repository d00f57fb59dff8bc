#include "experiments/run/stage_file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/caught_error.h"
#include "tests/says.h"
#include "tests/temporary_folder.h"

namespace upcycle {
namespace {

TEST(ReadStage, ReadsWhatAStageWroteOfItself) {
  const TemporaryFolder folder;
  const Stage stage = {StageKind::kEvaluate, {{"a", 1}}, {}, {{"threads", 2}}};
  EXPECT_EQ(ReadStage(Put(folder / "stage.json", stage.ToJson().dump())).Identity(),
            stage.Identity());
}

TEST(ReadStage, NamesADamagedFileAndWhatToDo) {
  const TemporaryFolder folder;
  for (const char* text : {"", "{\"kind\": \"eva", "{}", "[]"}) {
    const fs::path path = Put(folder / "stage.json", text);
    const std::string said = MessageOf([&] { ReadStage(path); });
    EXPECT_TRUE(Says(said, path.native() + " is damaged: "));
    EXPECT_TRUE(Says(said, "move its folder away"));
    EXPECT_FALSE(Says(said, "json.exception"));
  }
}

}  // namespace
}  // namespace upcycle
