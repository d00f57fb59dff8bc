// What runs say of a paper's claim, and how sure that is.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/claims/claims.h"
#include "core/enum_names.h"
#include "results/statistics/paired_difference.h"

namespace upcycle {

enum class Support { kSupports, kContradicts, kCannotTell };
template <>
struct EnumNames<Support> {
  static constexpr EnumName<Support> values[] = {
      {Support::kSupports, "supports", "the evidence is on the claim's side"},
      {Support::kContradicts, "contradicts", "it is as strong on the other side"},
      {Support::kCannotTell, "cannot tell", "runs are missing, or decide neither"},
  };
};

// One arm against another: the values of the first less those of the second, seed by seed.
struct Contrast {
  std::string arm;
  std::string than;
  std::string metric;
  double at = 1;                                                // share of the training steps
  PairedDifference pairs = {};                                  // of the complete ones
  double reference = std::numeric_limits<double>::quiet_NaN();  // mean of the second's values
  // Of likeness the smaller of those of lying within and outside. NaN: judged without a test.
  double adjusted_p = std::numeric_limits<double>::quiet_NaN();
  std::string alike_within = {};  // of likeness: "±0.5 %" of the second's values
  Support support = Support::kCannotTell;
  std::string reason = {};  // why it cannot tell
};

// A count of the settings against the paper's.
struct Counted {
  Quantity quantity = Quantity::kParametersTotal;
  double ours = 0;
  double theirs = 0;
};

struct Finding {
  Claim claim;
  std::string study;
  Support support = Support::kCannotTell;
  std::vector<Contrast> contrasts = {};  // none for a count
  std::optional<Counted> counted = {};
};

}  // namespace upcycle
