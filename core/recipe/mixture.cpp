#include "core/recipe/mixture.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "core/recipe/relations.h"
#include "core/recipe/sources.h"
#include "core/setting_paths.h"

namespace upcycle {
namespace {

bool IsOfMixture(std::string_view path) {
  return IsWithin(path, "moe") || IsWithin(path, "upcycle");
}

// What is wrong between settings that matter here: without data or training.
bool IsOfModel(const Violation& violation) {
  return std::ranges::all_of(violation.paths, [](const std::string& path) {
    return IsOfMixture(path) || IsWithin(path, "model");
  });
}

RunSettings ReadSettings(const RunSettings& usual, const std::vector<std::string>& settings) {
  const FileReaders no_files;
  RecipeSources sources(no_files);
  sources.SetRun(usual);
  for (const std::string& text : settings) {
    const std::string path = text.substr(0, text.find('='));
    if (!IsOfMixture(path)) {
      throw Error(Cause::kInput,
                  fmt::format("--set {}: {} is no setting of moe or upcycle, and the "
                              "others are the dense model's",
                              text, path));
    }
    sources.ReadOverride(text);
  }
  sources.diagnostics().ThrowIfErrors();
  return sources.file().run;
}

}  // namespace

Mixture ReadMixture(const ModelSettings& dense, const Mixture& usual,
                    const std::vector<std::string>& settings) {
  RunSettings run;
  run.model = dense;
  run.moe = usual.moe;
  run.upcycle = usual.upcycle;
  run = ReadSettings(run, settings);

  Mixture mixture = {run.moe, run.upcycle, {}};
  std::string mistakes;
  for (const Violation& violation : FindViolations(run)) {
    if (!IsOfModel(violation)) continue;
    const std::string text = fmt::format("{}: {}\n  expected {}", fmt::join(violation.paths, ", "),
                                         violation.message, violation.expected);
    if (violation.severity == Severity::kWarning) {
      mixture.warnings.push_back(text);
    } else {
      mistakes += (mistakes.empty() ? "" : "\n") + text;
    }
  }
  if (!mistakes.empty()) throw Error(Cause::kInput, mistakes);
  return mixture;
}

}  // namespace upcycle
