#include "experiments/run/outside_model.h"

#include <string>

#include <nlohmann/json.hpp>

namespace upcycle {
namespace {

constexpr char kContent[] = "model";                           // a setting
constexpr char kModel[] = "from", kTokenizer[] = "tokenizer";  // of the execution

}  // namespace

void NameOutsideModel(const OutsideModel& model, Stage& stage) {
  stage.settings[kContent] = model.content.Hex();
  stage.execution[kModel] = model.model.native();
  stage.execution[kTokenizer] = model.tokenizer.native();
}

std::optional<OutsideModel> ReadOutsideModel(const Stage& stage) {
  if (!stage.settings.contains(kContent)) return std::nullopt;
  return OutsideModel{
      .model = stage.execution.at(kModel).get<std::string>(),
      .tokenizer = stage.execution.at(kTokenizer).get<std::string>(),
      .content = Fingerprint::FromHex(stage.settings.at(kContent).get<std::string>())};
}

}  // namespace upcycle
