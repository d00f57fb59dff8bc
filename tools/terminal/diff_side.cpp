#include "tools/terminal/diff_side.h"

#include <fmt/format.h>

#include "core/error.h"
#include "tools/terminal/run_selector.h"

namespace upcycle {
namespace {

// The longest study's name that is the word or stands before one of its colons; the word itself
// where there is none, so that the ledger says what it has.
std::string StudyIn(const std::string& word, const std::vector<std::string>& studies) {
  std::string longest;
  for (const std::string& study : studies) {
    const bool fits =
        word == study || (word.starts_with(study) && word.substr(study.size(), 1) == ":");
    if (fits && study.size() > longest.size()) longest = study;
  }
  return longest.empty() ? word.substr(0, word.find(':')) : longest;
}

}  // namespace

bool IsRecipeFile(const std::string& word) {
  return word.ends_with(".yaml") || word.ends_with(".yml");
}

ChosenRuns ChooseRuns(const std::string& word, LedgerReader& ledger) {
  const std::string name = StudyIn(word, ledger.StudyNames());
  ChosenRuns chosen = {.name = word, .study = ledger.ReadStudy(name)};
  if (word.size() == name.size()) return chosen;
  const RunSelector selector = ParseRunSelector(word.substr(name.size() + 1), chosen.study);
  if (selector.place) {
    throw Error(Cause::kInput, fmt::format("{} is one stage: name its run, {}:{}/{}", word, name,
                                           selector.arm, *selector.seed));
  }
  chosen.arm = selector.arm;
  chosen.seed = selector.seed;
  return chosen;
}

}  // namespace upcycle
