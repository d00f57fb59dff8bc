// Where a run computes, how fast, and in how much memory.
#pragma once

#include <cstdint>
#include <string>

#include "core/recipe/fields.h"

namespace upcycle {

// Each level includes those before it.
enum class Recompute { kNothing, kCheap, kMlp, kLayers };
template <>
struct EnumNames<Recompute> {
  static constexpr EnumName<Recompute> values[] = {
      {Recompute::kNothing, "nothing", "everything is kept"},
      {Recompute::kCheap, "cheap", "norms, activations and the gathering of experts' rows"},
      {Recompute::kMlp, "mlp", "and the products before the activation"},
      {Recompute::kLayers, "layers",
       "and attention: a layer keeps what enters it and its routing decisions"},
  };
};

enum class ExpertPathChoice { kAuto, kGrouped, kStreams, kPadded };
template <>
struct EnumNames<ExpertPathChoice> {
  static constexpr EnumName<ExpertPathChoice> values[] = {
      {ExpertPathChoice::kAuto, "auto", "by the sizes of the products; always grouped on a CPU"},
      {ExpertPathChoice::kGrouped, "grouped", "one kernel for all experts: many narrow ones"},
      {ExpertPathChoice::kStreams, "streams", "one product for each expert, several at once"},
      {ExpertPathChoice::kPadded, "padded",
       "one batch of equal products, padded to the capacity; grouped where there is none"},
  };
};

// Where, how fast, in how much memory: no part of what a run is. Devices round differently, and so
// do the ways in which a GPU computes experts: they may differ in the last digits. Everything else
// here leaves the bits as they are.
struct ExecutionSettings {
  std::string device = "auto";
  int64_t threads = 0;
  Recompute recompute = Recompute::kNothing;
  ExpertPathChoice expert_path = ExpertPathChoice::kAuto;
  bool offload_optimizer = false;
  int64_t priority = 0;
  double time_limit_hours = 0;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("device", s.device,
            {.help = "where the run computes; auto takes a GPU where there is one",
             .pattern = "auto|cpu|cuda(:[0-9]{1,3})?",
             .form = "auto, cpu, cuda or cuda:N",
             .effect = Effect::kSpeed});
    v.Field("threads", s.threads,
            {.help = "CPU threads of one run; 0 divides the cores among the runs that can start",
             .minimum = 0,
             .maximum = 1024,
             .effect = Effect::kSpeed});
    v.Field("recompute", s.recompute,
            {.help = "what a training's backward pass computes again instead of keeping: less "
                     "memory, more time, the same bits",
             .effect = Effect::kSpeed});
    v.Field(
        "expert_path", s.expert_path,
        {.help = "how a GPU computes the products of experts; sums are in another order in each",
         .effect = Effect::kSpeed});
    v.Field("offload_optimizer", s.offload_optimizer,
            {.help = "keep the optimizer's moments in the host's memory: more time, the same bits",
             .effect = Effect::kSpeed});
    v.Field(
        "priority", s.priority,
        {.help = "runs of a higher priority start first; what several arms need has the highest "
                 "of theirs",
         .minimum = -1000,
         .maximum = 1000,
         .effect = Effect::kSpeed});
    v.Field(
        "time_limit_hours", s.time_limit_hours,
        {.help = "wall time after which a stage of a run writes a checkpoint and fails; 0 means "
                 "no limit",
         .minimum = 0,
         .unit = "hours",
         .effect = Effect::kSpeed});
  }
};

}  // namespace upcycle
