// What holds for a study's arms together: the relations between the settings of each, reported once
// for all of them, and that no two are the same run.
#pragma once

#include <string>
#include <vector>

#include "core/recipe/arms.h"
#include "core/recipe/drafts.h"
#include "core/recipe/reader.h"
#include "core/recipe/relations.h"

namespace upcycle {

// An arm on its way: what it is, and the text that it comes from. Its changes are as many as its
// draft's.
struct Candidate {
  Arm arm;
  ArmDraft draft;
  bool is_baseline = false;
};

// "arm "a"", "arms "a", "b", "c" and 2 more".
std::string NameArms(const std::vector<std::string>& arms);

// Reports every relation that an arm breaks, and what `files` find (nothing where they are empty),
// where the arm changes a setting of it, else where the base was written, naming the arms unless
// all of them break it. What follows from a value that could not be read is left out.
void CheckRelations(const std::vector<Candidate>& candidates, const FileKnowledge& files,
                    const Reading& reading, const Place& recipe);

// Of arms with equal effective settings one is kept: the baseline if the recipe names it, else one
// whose name the recipe gives, else the first. The others, which it returns, are warnings. Where
// budgets are matched, train.tokens tells no arms apart.
std::vector<TwinArm> DropDuplicates(std::vector<Candidate>& candidates, MatchOn match,
                                    Diagnostics& diagnostics);

}  // namespace upcycle
