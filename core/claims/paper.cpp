#include "core/claims/paper.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/claims/claim_checks.h"
#include "core/error.h"
#include "core/files.h"
#include "core/recipe/document.h"
#include "core/recipe/metrics.h"
#include "core/recipe/reader.h"

namespace upcycle {
namespace {

class PaperReader {
 public:
  PaperReader(const fs::path& folder, const PaperOptions& options)
      : options_(options),
        folder_(folder),
        source_{(folder / kClaimsFileName).native(), ReadTextFile(folder / kClaimsFileName),
                folder},
        known_paths_(PathsOf<ClaimsFile>()) {}

  Paper Read() {
    const std::optional<Node> root = ParseDocument(source_, diagnostics_);
    if (!root) diagnostics_.ThrowIfErrors();
    ReadMapping(*root, file_, "", reading());
    CheckClaims(file_, reading(), {&source_, 1, 1});
    paper_.name = fs::weakly_canonical(folder_).filename().native();
    paper_.text = file_.paper;
    for (const Claim& claim : file_.claims) {
      if (!claim.IsCount()) run_.insert(StudyOf(claim));
    }
    for (size_t i = 0; i < file_.claims.size(); ++i) {
      ReadClaim(file_.claims[i], fmt::format("claims.{}", i));
    }
    RefuseEqualNames();
    ThrowIfMistaken();
    return std::move(paper_);
  }

 private:
  Reading reading() { return {diagnostics_, places_, known_paths_, "a paper's claims"}; }

  // A recipe at a size.
  using StudyKey = std::pair<fs::path, std::string>;
  StudyKey StudyOf(const Claim& claim) const {
    return {(folder_ / claim.study).lexically_normal(),
            claim.count.size.empty() ? options_.size : claim.count.size};
  }

  void ReadClaim(const Claim& claim, const std::string& path) {
    if (claim.study.empty()) return;
    const StudyKey key = StudyOf(claim);
    const auto [known, is_new] = studies_.try_emplace(key, std::nullopt);
    if (is_new) known->second = ReadStudy(key, path);
    if (!known->second) return;
    const size_t study = *known->second;
    paper_.studies[study].is_run |= !claim.IsCount();
    paper_.claims.push_back({claim, study});
    if (!places_.IsAnyWrong(path)) {
      CheckAgainstStudy(claim, path, paper_.studies[study].recipe, reading());
    }
  }

  // Its place among the paper's studies; nothing if it has mistakes. What is only counted needs no
  // data.
  std::optional<size_t> ReadStudy(const StudyKey& key, const std::string& claim) {
    const auto& [path, size] = key;
    const FileKnowledge files = run_.contains(key) ? options_.files : FileKnowledge{};
    if (std::error_code none; !fs::exists(path, none)) {
      diagnostics_.Error(*places_.Find(claim + ".study"),
                         fmt::format("there is no recipe {}", path.native()),
                         "the path of a recipe, relative to this file");
      return std::nullopt;
    }
    try {
      paper_.studies.push_back({path, LoadRecipe(path, options_.overrides, files, size), false});
    } catch (const Error& error) {
      if (error.cause() != Cause::kInput) throw;
      recipe_mistakes_ += fmt::format("{}\n", error.what());
      return std::nullopt;
    }
    return FirstOfSameStudy(paper_.studies.size() - 1);
  }

  // A recipe that is asked for at its first size by name and without is one study.
  size_t FirstOfSameStudy(size_t last) {
    const PaperStudy& study = paper_.studies[last];
    for (size_t i = 0; i < last; ++i) {
      const PaperStudy& other = paper_.studies[i];
      if (other.path != study.path || other.recipe.size != study.recipe.size) continue;
      paper_.studies.pop_back();
      return i;
    }
    return last;
  }

  // Studies are found by name.
  void RefuseEqualNames() {
    std::map<std::string, fs::path> names;
    for (const PaperStudy& study : paper_.studies) {
      const auto [known, is_new] = names.try_emplace(study.recipe.name, study.path);
      if (is_new) continue;
      diagnostics_.Error({&source_, 1, 1},
                         fmt::format("{} and {} are both named {}", known->second.native(),
                                     study.path.native(), study.recipe.name),
                         "a name of its own for each recipe");
    }
  }

  void ThrowIfMistaken() const {
    if (recipe_mistakes_.empty() && !diagnostics_.HasErrors()) return;
    std::string text = diagnostics_.Text() + recipe_mistakes_;
    while (text.ends_with('\n')) text.pop_back();
    throw Error(Cause::kInput, text);
  }

  const PaperOptions& options_;
  const fs::path folder_;
  const SourceText source_;
  const std::vector<std::string> known_paths_;
  Diagnostics diagnostics_;
  Places places_;
  ClaimsFile file_;
  Paper paper_;
  std::set<StudyKey> run_;  // by some claim
  std::map<StudyKey, std::optional<size_t>> studies_;
  std::string recipe_mistakes_;
};

}  // namespace

Paper LoadPaper(const fs::path& folder, const PaperOptions& options) {
  return PaperReader(folder, options).Read();
}

const Arm* FindArm(const Recipe& recipe, std::string_view name) {
  const auto found = std::find_if(recipe.arms.begin(), recipe.arms.end(),
                                  [&](const Arm& arm) { return arm.name == name; });
  return found == recipe.arms.end() ? nullptr : &*found;
}

std::string MetricOf(const Expectation& expectation, const Recipe& recipe) {
  return expectation.metric.empty() ? recipe.metric.name : expectation.metric;
}

Goal GoalOf(const Expectation& expectation, const Recipe& recipe) {
  const std::string metric = MetricOf(expectation, recipe);
  if (metric == recipe.metric.name) return recipe.metric.goal;
  return UsualGoal(metric).value_or(Goal::kMinimize);
}

}  // namespace upcycle
