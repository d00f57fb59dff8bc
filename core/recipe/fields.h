// One declaration per field.
//
// A settings struct lists its fields once, in `Describe`. Everything that treats settings as data
// is a visitor over that list: reading YAML, `--set`, the JSON Schema for editors, the help text,
// the canonical form that is hashed, and the difference between two arms.
//
//   struct OptimizerSettings {
//     double beta1 = 0.9;
//     template <typename Self, typename Visitor>
//     static void Describe(Self& s, Visitor& v) {
//       v.Field("beta1", s.beta1, {.help = "decay of the first moment", .minimum = 0, .maximum =
//       1});
//     }
//   };
//
// A visitor offers
//   Field(name, value, FieldInfo)   for bool, int64_t, double, std::string, an enum with EnumNames,
//                                   CapacityFactor, LayerSelection, and std::vector of int64_t or
//                                   std::string;
//   Group(name, settings, help)     for a nested settings struct;
//   List(name, vector, help)        for a vector of settings structs;
//   Shorthand(name)                 the field that a scalar in place of the whole mapping sets:
//                                   `upcycle: copy` for `upcycle: {method: copy}`.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "core/enum_names.h"

namespace upcycle {

// What a field can change. Only fields that decide the result enter a stage's fingerprint.
enum class Effect {
  kResult,
  kSpeed,  // threads, device, how often something is written: the same result, sooner or later
};

struct FieldInfo {
  const char* help = "";
  double minimum = -std::numeric_limits<double>::infinity();  // for numbers, inclusive
  double maximum = std::numeric_limits<double>::infinity();
  bool above_minimum = false;  // the minimum itself is excluded
  const char* unit = "";       // "tokens", "steps", ...; a "share" may be written as 0.5%
  const char* pattern = "";    // for text: a regular expression (ECMAScript) that all of it fits
  const char* form = "";       // the pattern in words: "letters, digits, '-', '_' and '.'"
  bool is_path = false;        // for text: a file, relative to the file in which it is written
  Effect effect = Effect::kResult;
  // Came when there were results already: with its default it is no part of an identity, and they
  // stay what they are.
  bool added_later = false;
};

// A positive factor, or the word `dropless`: every assignment is served, nothing has a capacity.
struct CapacityFactor {
  std::optional<double> factor;  // empty: dropless
  bool dropless() const { return !factor.has_value(); }
  bool operator==(const CapacityFactor&) const = default;
};

// `all`, `every_other` (1, 3, 5, …), or a list of layer numbers from 0.
struct LayerSelection {
  enum class Kind { kAll, kEveryOther, kList };
  Kind kind = Kind::kAll;
  std::vector<int64_t> layers;  // for kList: ascending, distinct
  bool Contains(int64_t layer) const {
    if (kind == Kind::kAll) return true;
    if (kind == Kind::kEveryOther) return layer % 2 == 1;
    for (int64_t listed : layers) {
      if (listed == layer) return true;
    }
    return false;
  }
  bool operator==(const LayerSelection&) const = default;
};

}  // namespace upcycle
