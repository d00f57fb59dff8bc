// How a run starts from its dense parent. The words are those of moe_settings.h.
#pragma once

#include <cstdint>

#include "core/recipe/fields.h"

namespace upcycle {

enum class UpcycleMethod { kNone, kCopy, kVirtualGroups, kScratch };
template <>
struct EnumNames<UpcycleMethod> {
  static constexpr EnumName<UpcycleMethod> values[] = {
      {UpcycleMethod::kNone, "none", "no experts: the dense parent's training goes on"},
      {UpcycleMethod::kCopy, "copy", "every expert is the dense MLP (granularity 1)"},
      {UpcycleMethod::kVirtualGroups, "virtual_groups",
       "experts are shards of the dense MLP, and the router starts with one row for each group of "
       "shards that makes a whole MLP (He 2024)"},
      {UpcycleMethod::kScratch, "scratch", "a mixture of experts with fresh weights, no parent"},
  };
};

enum class WeightScaling { kNone, kPaper, kExact };
template <>
struct EnumNames<WeightScaling> {
  static constexpr EnumName<WeightScaling> values[] = {
      {WeightScaling::kNone, "none", "expert weights as the parent has them"},
      {WeightScaling::kPaper, "paper",
       "each matrix times the cube root of the missing factor (He 2024)"},
      {WeightScaling::kExact, "exact",
       "up and down times the square root, gate untouched: exact for both families"},
  };
};

struct UpcycleSettings {
  UpcycleMethod method = UpcycleMethod::kNone;
  WeightScaling scaling = WeightScaling::kNone;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("method");
    v.Field("method", s.method, {.help = "how the run starts from its dense parent"});
    v.Field(
        "scaling", s.scaling,
        {.help = "how expert weights make up for router weights that do not sum to what the dense "
                 "MLP had"});
  }
};

}  // namespace upcycle
