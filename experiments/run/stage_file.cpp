#include "experiments/run/stage_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/foreign_json.h"

namespace upcycle {

Stage ReadStage(const fs::path& description) {
  using nlohmann::json;
  try {
    return Stage::FromJson(json::parse(ReadTextFile(description)));
  } catch (const json::exception& error) {
    throw Error(Cause::kInput, fmt::format("{} is damaged: {}; move its folder away, and the same "
                                           "command makes the stage anew",
                                           description.native(), JsonProblem(error)));
  }
}

}  // namespace upcycle
