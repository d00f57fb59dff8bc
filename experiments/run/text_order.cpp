#include "experiments/run/text_order.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/error.h"
#include "core/recipe/canonical.h"
#include "core/utf8_file.h"

namespace upcycle {
namespace {

// Beside the settings of the execution.
constexpr char kFile[] = "file";

}  // namespace

MappedFile OpenAskedText(const fs::path& path) {
  MappedFile file(path);
  if (file.text().empty()) {
    throw Error(Cause::kInput,
                fmt::format("{} is empty: there is nothing to score", path.native()));
  }
  RequireUtf8(path, file.text());
  return file;
}

Stage TextStage(const TextOrder& order) {
  Stage stage{StageKind::kText,
              {{"task", order.name},
               {"content", order.content.Hex()},
               {"block", order.block},
               {"precision", NameOf(order.precision)}},
              {},
              AllSettings(order.execution)};
  stage.execution[kFile] = order.file.native();
  NameOutsideModel(order.model, stage);
  return stage;
}

TextOrder ReadTextOrder(const Stage& stage) {
  UPCYCLE_CHECK(stage.kind == StageKind::kText);
  const auto text = [](const nlohmann::json& from, const char* key) {
    return from.at(key).get<std::string>();
  };
  return {.name = text(stage.settings, "task"),
          .file = text(stage.execution, kFile),
          .content = Fingerprint::FromHex(text(stage.settings, "content")),
          .block = stage.settings.at("block"),
          .precision = ValueNamed<Precision>(text(stage.settings, "precision")).value(),
          .execution = ReadExecution(stage),
          .model = ReadOutsideModel(stage).value()};
}

}  // namespace upcycle
