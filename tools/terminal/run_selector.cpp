#include "tools/terminal/run_selector.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/spelling.h"
#include "core/text.h"

namespace upcycle {
namespace {

constexpr size_t kFewestDigits = 4;
constexpr size_t kMostNames = 20;  // that an error lists

Fingerprint StageOf(const StudyFacts& study, size_t stage) {
  return study.stages[stage].fingerprint;
}
Fingerprint StageOf(const StudyRecord&, const Fingerprint& stage) { return stage; }

template <typename Range, typename NameOfEntry>
std::vector<std::string> NamesOf(const Range& range, NameOfEntry name) {
  std::vector<std::string> names;
  for (const auto& entry : range) names.push_back(name(entry));
  return names;
}

template <typename Study>
std::vector<std::string> ArmNames(const Study& study) {
  return NamesOf(study.arms, [](const auto& arm) { return arm.name; });
}

// "; did you mean "moe"? It has dense, moe"
std::string Known(std::string_view word, const std::vector<std::string>& names) {
  if (names.empty()) return "; it has none";
  return DidYouMean(word, names) + " It has " + FirstNames(names, kMostNames);
}

// The arm with the longest name that is the word, or what stands before one of its slashes.
template <typename Study>
const auto* FindArm(std::string_view word, const Study& study) {
  const typename decltype(study.arms)::value_type* found = nullptr;
  for (const auto& arm : study.arms) {
    const bool fits = word.starts_with(arm.name) &&
                      (word.size() == arm.name.size() || word[arm.name.size()] == '/');
    if (fits && (found == nullptr || arm.name.size() > found->name.size())) found = &arm;
  }
  return found;
}

std::optional<int64_t> WholeNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

// Of a stage's name, not of an arm's.
bool IsDigits(std::string_view word) {
  return word.size() >= kFewestDigits &&
         word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

template <typename Study>
[[noreturn]] void RefuseArm(std::string_view word, const Study& study) {
  const std::string_view arm = word.substr(0, word.find('/'));
  throw Error(Cause::kInput, fmt::format("the study {} has no arm \"{}\"{}", study.name, arm,
                                         Known(arm, ArmNames(study))));
}

template <typename Run>
StagePlace FindPlace(std::string_view name, std::string_view of_run, const Run& run) {
  for (const auto& [place, stage] : run.stages) {
    if (NameOf(place) == name) return place;
  }
  const auto names = NamesOf(run.stages, [](const auto& stage) { return NameOf(stage.first); });
  throw Error(Cause::kInput,
              fmt::format("the run {} has no stage \"{}\"{}", of_run, name, Known(name, names)));
}

template <typename Study>
RunSelector FindByDigits(std::string_view digits, const Study& study) {
  std::set<Fingerprint> met;
  RunSelector found;
  for (const auto& arm : study.arms) {
    for (const auto& run : arm.runs) {
      for (const auto& [place, named] : run.stages) {
        const Fingerprint stage = StageOf(study, named);
        if (!stage.Hex().starts_with(digits) || !met.insert(stage).second) continue;
        found = {.arm = arm.name, .seed = run.seed, .place = place};
      }
    }
  }
  if (met.size() == 1) return found;
  throw Error(Cause::kInput,
              met.empty() ? fmt::format("the study {} has neither an arm \"{}\" nor a stage whose "
                                        "fingerprint begins so{}",
                                        study.name, digits, Known(digits, ArmNames(study)))
                          : fmt::format("{} stages of the study {} begin with {}: give more digits",
                                        met.size(), study.name, digits));
}

}  // namespace

template <typename Study>
RunSelector ParseRunSelector(std::string_view word, const Study& study) {
  const auto* arm = FindArm(word, study);
  if (arm == nullptr) RefuseArm(word, study);
  RunSelector selector{.arm = arm->name};
  if (word.size() == arm->name.size()) return selector;
  const std::string_view rest = word.substr(arm->name.size() + 1);
  const std::string_view seed = rest.substr(0, rest.find('/'));
  selector.seed = WholeNumber(seed);
  const auto run = std::ranges::find_if(
      arm->runs, [&](const auto& its_run) { return its_run.seed == selector.seed; });
  if (run == arm->runs.end()) {
    const auto seeds = NamesOf(arm->runs, [](const auto& r) { return std::to_string(r.seed); });
    throw Error(Cause::kInput, fmt::format("the arm {} has no seed \"{}\"{}", arm->name, seed,
                                           Known(seed, seeds)));
  }
  if (seed.size() == rest.size()) return selector;
  const std::string_view of_run = word.substr(0, arm->name.size() + 1 + seed.size());
  selector.place = FindPlace(rest.substr(seed.size() + 1), of_run, *run);
  return selector;
}

template <typename Study>
std::vector<RunSelector> ParseRunSelectors(const std::vector<std::string>& words,
                                           const Study& study) {
  std::vector<RunSelector> selectors;
  for (const std::string& word : words) {
    const bool by_digits = FindArm(word, study) == nullptr && IsDigits(word);
    selectors.push_back(by_digits ? FindByDigits(word, study) : ParseRunSelector(word, study));
  }
  return selectors;
}

template <typename Study>
std::vector<Fingerprint> SelectStages(const std::vector<std::string>& words, const Study& study) {
  const std::vector<RunSelector> selectors = ParseRunSelectors(words, study);
  std::vector<Fingerprint> stages;
  std::set<Fingerprint> met;
  for (const auto& arm : study.arms) {
    for (const auto& run : arm.runs) {
      for (const auto& [place, named] : run.stages) {
        const Fingerprint stage = StageOf(study, named);
        const auto selects = [&, at = place](const RunSelector& selector) {
          return selector.Selects(arm.name, run.seed, at);
        };
        const bool chosen = words.empty() || std::ranges::any_of(selectors, selects);
        if (chosen && met.insert(stage).second) stages.push_back(stage);
      }
    }
  }
  return stages;
}

template RunSelector ParseRunSelector(std::string_view, const StudyFacts&);
template RunSelector ParseRunSelector(std::string_view, const StudyRecord&);
template std::vector<RunSelector> ParseRunSelectors(const std::vector<std::string>&,
                                                    const StudyFacts&);
template std::vector<RunSelector> ParseRunSelectors(const std::vector<std::string>&,
                                                    const StudyRecord&);
template std::vector<Fingerprint> SelectStages(const std::vector<std::string>&, const StudyFacts&);
template std::vector<Fingerprint> SelectStages(const std::vector<std::string>&, const StudyRecord&);

std::vector<std::string> StageNames(const StudyFacts& study) {
  std::vector<std::string> names(study.stages.size());
  std::vector<std::pair<std::string, int64_t>> uses(study.stages.size());  // place, runs
  for (const ArmFacts& arm : study.arms) {
    for (const RunFacts& run : arm.runs) {
      for (const auto& [place, stage] : run.stages) {
        names[stage] = fmt::format("{}/{}/{}", arm.name, run.seed, NameOf(place));
        uses[stage] = {NameOf(place), uses[stage].second + 1};
      }
    }
  }
  for (size_t stage = 0; stage < names.size(); ++stage) {
    const auto& [place, runs] = uses[stage];
    if (runs > 1) names[stage] = fmt::format("{} of {} runs", place, runs);
  }
  return names;
}

}  // namespace upcycle
