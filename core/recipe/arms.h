// From a recipe's base settings to its arms: method, named arms and exclusions; names, duplicates,
// and the relations that every arm must keep.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/recipe/reader.h"
#include "core/recipe/recipe_file.h"
#include "core/recipe/relations.h"

namespace upcycle {

struct ArmChange {
  std::string path;      // "moe.capacity_factor"
  nlohmann::json value;  // as AllSettings writes it
  bool operator==(const ArmChange&) const = default;
};

// One configuration: the base settings with its changes.
struct Arm {
  std::string name;
  std::vector<ArmChange> changes;  // as the recipe orders them; a value may equal the base's
  RunSettings settings;
};

// An arm that has no run of its own, as another one is the same run.
struct TwinArm {
  std::string name;
  std::string kept;  // the other's name
  std::string why;   // what is written unlike and means the same; empty: they are written alike
};

struct ArmSet {
  RunSettings base;  // with the changes of a baseline that is a mapping
  std::vector<Arm> arms;
  std::vector<TwinArm> twins;
  size_t baseline = 0;
};

inline constexpr size_t kMaximumArms = 100000;

// `places` knows where the file's settings were written. What is wrong goes to the diagnostics; the
// set is meaningful only where they have no errors.
ArmSet ExpandArms(const RecipeFile& file, const FileKnowledge& files, const Reading& reading,
                  const Place& recipe);

}  // namespace upcycle
