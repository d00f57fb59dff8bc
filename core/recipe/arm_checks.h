// What holds for a study's arms together: the relations between the settings of each, reported once
// for all of them, and that no two are the same run.
#pragma once

#include <vector>

#include "core/recipe/arms.h"
#include "core/recipe/drafts.h"
#include "core/recipe/reader.h"

namespace upcycle {

// An arm on its way: what it is, and the text that it comes from. Its changes are as many as its
// draft's.
struct Candidate {
  Arm arm;
  ArmDraft draft;
  bool is_baseline = false;
};

// Reports every relation that an arm breaks where the arm changes a setting of it, else where the
// base was written, naming the arms unless all of them break it. What follows from a value that
// could not be read is left out.
void CheckRelations(const std::vector<Candidate>& candidates, const Reading& reading,
                    const Place& recipe);

// Of arms with equal effective settings the first is kept; the others are warnings.
void DropDuplicates(std::vector<Candidate>& candidates, Diagnostics& diagnostics);

}  // namespace upcycle
