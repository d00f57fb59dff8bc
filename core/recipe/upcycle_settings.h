// How a run starts from its dense parent. The words are those of moe_settings.h.
//
// Sources: Komatsuzaki et al. 2022 = arXiv 2212.05055; He 2024 = arXiv 2410.07524; Nakamura 2025 =
// "Drop-Upcycling", arXiv 2502.19261; Qwen 2024 = the Qwen team's notes on Qwen1.5-MoE-A2.7B; Zhu
// 2024 = "LLaMA-MoE", arXiv 2406.16554; Sukhbaatar 2024 = "Branch-Train-MiX", arXiv 2403.07816.
#pragma once

#include <cstdint>

#include "core/recipe/fields.h"

namespace upcycle {

enum class UpcycleMethod {
  kNone,
  kCopy,
  kVirtualGroups,
  kScratch,
  kDrop,
  kNoise,
  kQwen,
  kSplit,
  kBranchTrainMix,
};
template <>
struct EnumNames<UpcycleMethod> {
  static constexpr EnumName<UpcycleMethod> values[] = {
      {UpcycleMethod::kNone, "none", "no experts: the dense parent's training goes on"},
      {UpcycleMethod::kCopy, "copy",
       "every expert is the dense MLP (granularity 1; Komatsuzaki et al. 2022)"},
      {UpcycleMethod::kVirtualGroups, "virtual_groups",
       "experts are shards of the dense MLP, and the router starts with one row for each group of "
       "shards that makes a whole MLP (He 2024)"},
      {UpcycleMethod::kScratch, "scratch", "a mixture of experts with fresh weights, no parent"},
      {UpcycleMethod::kDrop, "drop",
       "copies or virtual groups, of which each expert draws a share of its hidden neurons again, "
       "normal with the mean and deviation of what they were (Nakamura 2025)"},
      {UpcycleMethod::kNoise, "noise",
       "copies or virtual groups, with noise on a share of each expert's hidden neurons "
       "(Komatsuzaki et al. 2022)"},
      {UpcycleMethod::kQwen, "qwen",
       "replicas of the dense MLP, each shuffled by itself and cut in slices, of which a share of "
       "the neurons is fresh (Qwen 2024)"},
      {UpcycleMethod::kSplit, "split",
       "the dense MLP's hidden neurons shared out at random, each to one expert (expansion 1; Zhu "
       "2024)"},
      {UpcycleMethod::kBranchTrainMix, "branch_train_mix",
       "experts are the MLPs of branches, the parent trained on with one source each; everything "
       "else is the branches' mean (granularity 1; Sukhbaatar 2024)"},
  };
};

enum class WeightScaling { kNone, kPaper, kExact };
template <>
struct EnumNames<WeightScaling> {
  static constexpr EnumName<WeightScaling> values[] = {
      {WeightScaling::kNone, "none", "expert weights as the method makes them"},
      {WeightScaling::kPaper, "paper",
       "as the method's paper: for copy and virtual_groups each matrix times the cube root of the "
       "missing factor (He 2024), for split the output times experts / top_k (Zhu 2024); the "
       "others' papers scale nothing"},
      {WeightScaling::kExact, "exact",
       "up and down times the square root of the missing factor, gate untouched: exact for both "
       "families"},
  };
};

// What becomes of the moments that AdamW had collected for the parent.
enum class OptimizerStart { kReset, kCarry };
template <>
struct EnumNames<OptimizerStart> {
  static constexpr EnumName<OptimizerStart> values[] = {
      {OptimizerStart::kReset, "reset", "the moments begin at zero"},
      {OptimizerStart::kCarry, "carry",
       "each weight goes on with the moments of the weight that it was made from, routers begin at "
       "zero; needs parent.keep_optimizer"},
  };
};

// Whether a method changes `ratio` of each expert's neurons.
constexpr bool ChangesNeurons(UpcycleMethod method) {
  return method == UpcycleMethod::kDrop || method == UpcycleMethod::kNoise ||
         method == UpcycleMethod::kQwen;
}

// Whether the method's paper scales weights.
constexpr bool PaperScales(UpcycleMethod method) {
  return method == UpcycleMethod::kCopy || method == UpcycleMethod::kVirtualGroups ||
         method == UpcycleMethod::kSplit;
}

// Whether every expert is a whole dense MLP.
constexpr bool MakesWholeExperts(UpcycleMethod method) {
  return method == UpcycleMethod::kCopy || method == UpcycleMethod::kBranchTrainMix;
}

// Whether experts are shards in the order of the dense MLP, expert i the shard i mod G, and the
// experts i div G share a row of the router.
constexpr bool MakesVirtualGroups(UpcycleMethod method) {
  return method == UpcycleMethod::kVirtualGroups || method == UpcycleMethod::kDrop ||
         method == UpcycleMethod::kNoise;
}

// Whether each weight, but a router's, is one that the parent has.
constexpr bool KeepsWeights(UpcycleMethod method) {
  return method == UpcycleMethod::kNone || method == UpcycleMethod::kCopy ||
         method == UpcycleMethod::kVirtualGroups;
}

struct UpcycleSettings {
  UpcycleMethod method = UpcycleMethod::kNone;
  WeightScaling scaling = WeightScaling::kNone;
  double ratio = 0.5;
  double noise_std = 0.01;
  int64_t branches = 4;
  int64_t branch_tokens = 1 << 20;
  OptimizerStart optimizer = OptimizerStart::kReset;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("method");
    v.Field("method", s.method, {.help = "how the run starts from its dense parent"});
    v.Field(
        "scaling", s.scaling,
        {.help = "how expert weights make up for router weights that do not sum to what the dense "
                 "MLP had"});
    v.Field("ratio", s.ratio,
            {.help = "drop, noise, qwen: the share of each expert's hidden neurons that is changed",
             .minimum = 0,
             .maximum = 1,
             .unit = "share",
             .added_later = true});
    v.Field("noise_std", s.noise_std,
            {.help = "noise: standard deviation of what is added to a weight",
             .minimum = 0,
             .maximum = 10,
             .added_later = true});
    v.Field("branches", s.branches,
            {.help = "branch_train_mix: dense models that are trained on from the parent; branch b "
                     "reads training source b mod sources, and expert i is branch i mod branches",
             .minimum = 1,
             .maximum = 4096,
             .added_later = true});
    v.Field("branch_tokens", s.branch_tokens,
            {.help = "branch_train_mix: what each branch is trained on, otherwise as parent.train "
                     "says",
             .minimum = 1,
             .maximum = 1e15,
             .unit = "tokens",
             .added_later = true});
    v.Field("optimizer", s.optimizer,
            {.help = "what becomes of the parent's optimizer state", .added_later = true});
  }
};

}  // namespace upcycle
