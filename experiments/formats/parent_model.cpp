#include "experiments/formats/parent_model.h"

#include <fmt/format.h>

#include "core/checkpoints/llama2c.h"
#include "core/error.h"
#include "core/recipe/canonical.h"
#include "core/recipe/effective.h"
#include "experiments/formats/config_reader.h"

namespace upcycle {

ModelSettings ReadParentSettings(const std::string& path) {
  ModelSettings settings;
  if (fs::path(path).extension() == ".bin") {
    settings = Llama2cFile(path).model();
  } else {
    const Architecture architecture = ReadModelConfig(path).architecture;
    if (architecture.has_experts) {
      throw Error(Cause::kInput,
                  fmt::format("{} has experts, and the parent of a run is a dense model", path));
    }
    settings = architecture.model;
    settings.vocabulary = architecture.vocabulary;
  }
  settings.from = path;
  return settings;
}

namespace {

// What is said in two ways, in one.
ModelSettings Plainly(const ModelSettings& model) {
  RunSettings run;
  run.model = model;
  ModelSettings plain = EffectiveSettings(run).model;
  plain.vocabulary = model.vocabulary;
  return plain;
}

}  // namespace

std::vector<ParentMistake> FindParentMistakes(const ModelSettings& settings) {
  if (settings.from.empty()) return {};
  const ModelSettings there = Plainly(ReadParentSettings(settings.from));
  ModelSettings asked = Plainly(settings);
  if (asked.sequence_length < there.sequence_length) asked.sequence_length = there.sequence_length;
  asked.init_std = there.init_std;  // of weights that it does not draw
  asked.name = there.name;
  std::vector<ParentMistake> mistakes;
  for (const SettingChange& difference : Differences(there, asked)) {
    mistakes.push_back({"model." + difference.path,
                        fmt::format("{} is {} in {}, and not {}", difference.path,
                                    difference.was.dump(), settings.from, difference.is.dump())});
  }
  return mistakes;
}

Fingerprint ModelFingerprint(const ModelSource& source) {
  Hasher hasher;
  for (const fs::path& file : source.files()) {
    hasher.Add(file.filename().native()).Add(FingerprintOfFile(file));
  }
  return hasher.Finish();
}

void RequireTokensOf(const Tokenizer& tokenizer, const ModelSource& source) {
  const int64_t pieces = tokenizer.Vocabulary(), rows = source.architecture().vocabulary;
  if (pieces <= rows) return;
  throw Error(Cause::kInput, fmt::format("the tokenizer has {} tokens and {} only {}: name the one "
                                         "that belongs to it (data.tokenizer, --tokenizer)",
                                         pieces, source.path().native(), rows));
}

Fingerprint OutsideContent(const ModelSource& source, const Tokenizer& tokenizer) {
  return Hasher().Add(ModelFingerprint(source)).Add(tokenizer.Identity()).Finish();
}

}  // namespace upcycle
