// Which runs of a study a command is about, as its arguments say it:
//
//   ARM             every run of an arm
//   ARM/SEED        one run
//   ARM/SEED/ROLE   one stage of it: train, evaluate, branch_2 (NameOf of its place)
//   FINGERPRINT     where stages are meant: the one whose name begins so, by four digits or more
//
// Names of arms may have slashes: the longest that fits is meant. Studies here are StudyFacts, as
// the ledger has them, and StudyRecord, as a recipe makes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fingerprint.h"
#include "results/ledger/ledger_reader.h"
#include "results/ledger/records.h"

namespace upcycle {

struct RunSelector {
  std::string arm;
  std::optional<int64_t> seed = std::nullopt;      // empty: every seed
  std::optional<StagePlace> place = std::nullopt;  // empty: every stage

  bool operator==(const RunSelector&) const = default;
  bool Selects(std::string_view its_arm, int64_t its_seed, const StagePlace& its_place) const {
    return arm == its_arm && (!seed || *seed == its_seed) && (!place || *place == its_place);
  }
};

// Throws Error(kInput) for what the study does not have, with the nearest name and the list.
template <typename Study>
RunSelector ParseRunSelector(std::string_view word, const Study& study);

// One for each word; digits select the stage in the first run that has it. Throws as above, and for
// digits with which several stages begin.
template <typename Study>
std::vector<RunSelector> ParseRunSelectors(const std::vector<std::string>& words,
                                           const Study& study);

// The stages that any of the words names, each once, run by run; all of them for no words. Throws
// as above.
template <typename Study>
std::vector<Fingerprint> SelectStages(const std::vector<std::string>& words, const Study& study);

// How people call each of study.stages: by what selects it, "routing/3/train"; where runs share
// it, "parent of 18 runs".
std::vector<std::string> StageNames(const StudyFacts& study);

}  // namespace upcycle
