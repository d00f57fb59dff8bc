// How a model is trained: learning rate, optimizer, budget and batches.
#pragma once

#include <cstdint>

#include "core/recipe/fields.h"

namespace upcycle {

enum class ScheduleShape { kConstant, kLinear, kCosine, kWarmupStableDecay, kInverseSquareRoot };
template <>
struct EnumNames<ScheduleShape> {
  static constexpr EnumName<ScheduleShape> values[] = {
      {ScheduleShape::kConstant, "constant", "the peak throughout"},
      {ScheduleShape::kLinear, "linear", "a straight line from peak to minimum"},
      {ScheduleShape::kCosine, "cosine", "half a cosine from peak to minimum"},
      {ScheduleShape::kWarmupStableDecay, "warmup_stable_decay",
       "the peak, then a straight line to the minimum over the last decay_share of the steps"},
      {ScheduleShape::kInverseSquareRoot, "inverse_square_root",
       "peak · sqrt(warmup / step), not below the minimum"},
  };
};

enum class ScheduleStart { kRestart, kContinue };
template <>
struct EnumNames<ScheduleStart> {
  static constexpr EnumName<ScheduleStart> values[] = {
      {ScheduleStart::kRestart, "restart", "warm up to the peak again"},
      {ScheduleStart::kContinue, "continue",
       "begin at the rate with which the parent ended, without warm-up; the peak is ignored"},
  };
};

// Of activations and of the weights that products read. Master weights, sums, the router's
// probabilities, losses and gradients of weights are float32 in either.
enum class Precision { kFloat32, kBFloat16 };
template <>
struct EnumNames<Precision> {
  static constexpr EnumName<Precision> values[] = {
      {Precision::kFloat32, "float32", "32 bits on every device"},
      {Precision::kBFloat16, "bfloat16",
       "16 bits on a GPU, where products are many times as fast; a CPU computes in float32"},
  };
};

struct LearningRateSettings {
  ScheduleShape schedule = ScheduleShape::kCosine;
  double peak = 1e-3;
  double minimum = 1e-4;
  int64_t warmup_steps = 20;
  double decay_share = 0.2;
  ScheduleStart start = ScheduleStart::kRestart;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("schedule", s.schedule, {.help = "the form of the decay"});
    v.Field("peak", s.peak,
            {.help = "rate at the end of the warm-up",
             .minimum = 0,
             .maximum = 10,
             .above_minimum = true});
    v.Field("minimum", s.minimum, {.help = "rate at the end", .minimum = 0, .maximum = 10});
    v.Field("warmup_steps", s.warmup_steps,
            {.help = "straight line from 0 to the peak", .minimum = 0, .unit = "steps"});
    v.Field(
        "decay_share", s.decay_share,
        {.help = "warmup_stable_decay: share of the steps that decay", .minimum = 0, .maximum = 1});
    v.Field("start", s.start, {.help = "restart at the peak or continue where the parent ended"});
  }
};

// How AdamW's moments are held; the update itself runs in float32.
enum class MomentType { kFloat32, kBFloat16, kInt8 };
template <>
struct EnumNames<MomentType> {
  static constexpr EnumName<MomentType> values[] = {
      {MomentType::kFloat32, "float32", "8 bytes a parameter for both"},
      {MomentType::kBFloat16, "bfloat16", "4 bytes a parameter, rounded at random"},
      {MomentType::kInt8, "int8",
       "2 bytes a parameter: 8-bit codes in blocks of 256 with a scale each (Dettmers et al. "
       "2022)"},
  };
};

// AdamW (Loshchilov and Hutter 2019). Weight decay spares norms; clipping is by the global norm.
struct OptimizerSettings {
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0.1;
  double clip_norm = 1;
  MomentType moments = MomentType::kFloat32;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("beta1", s.beta1,
            {.help = "decay of the first moment", .minimum = 0, .maximum = 0.9999999});
    v.Field("beta2", s.beta2,
            {.help = "decay of the second moment", .minimum = 0, .maximum = 0.9999999});
    v.Field(
        "epsilon", s.epsilon,
        {.help = "added to the root of the second moment", .minimum = 0, .above_minimum = true});
    v.Field("weight_decay", s.weight_decay,
            {.help = "decoupled weight decay", .minimum = 0, .maximum = 10});
    v.Field("clip_norm", s.clip_norm,
            {.help = "largest global gradient norm; 0 does not clip", .minimum = 0});
    v.Field("moments", s.moments,
            {.help = "how both moments are held between steps", .added_later = true});
  }
};

// A batch that grows at the start of a training, as batch_plan.h says.
struct BatchRampSettings {
  int64_t start_sequences = 0;
  int64_t increment_sequences = 0;
  int64_t tokens = 0;

  bool IsOn() const { return start_sequences > 0; }
  bool operator==(const BatchRampSettings&) const = default;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("start_sequences", s.start_sequences,
            {.help = "sequences of the first steps; 0: every batch is whole",
             .minimum = 0,
             .maximum = 1 << 20,
             .unit = "sequences",
             .added_later = true});
    v.Field("increment_sequences", s.increment_sequences,
            {.help = "by how many sequences the batch grows at a time",
             .minimum = 0,
             .maximum = 1 << 20,
             .unit = "sequences",
             .added_later = true});
    v.Field("tokens", s.tokens,
            {.help = "after how many tokens the batch is whole; the increments are at equal "
                     "distances over them",
             .minimum = 0,
             .maximum = 1e15,
             .unit = "tokens",
             .added_later = true});
  }
};

struct TrainSettings {
  int64_t tokens = 1 << 20;
  int64_t batch_sequences = 16;
  int64_t micro_batch_sequences = 0;  // 0: the whole batch at once
  BatchRampSettings batch_ramp;
  Precision precision = Precision::kFloat32;
  LearningRateSettings learning_rate;
  OptimizerSettings optimizer;
  int64_t validate_every = 100;
  int64_t validate_sequences = 32;
  int64_t log_every = 10;
  double checkpoint_seconds = 60;

  int64_t MicroBatchSequences() const {
    return micro_batch_sequences > 0 ? micro_batch_sequences : batch_sequences;
  }

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("tokens", s.tokens,
            {.help = "training budget; with `match` it is the reference arm's",
             .minimum = 1,
             .maximum = 1e15,
             .unit = "tokens"});
    v.Field("batch_sequences", s.batch_sequences,
            {.help = "sequences a step", .minimum = 1, .maximum = 1 << 20, .unit = "sequences"});
    v.Field(
        "micro_batch_sequences", s.micro_batch_sequences,
        {.help =
             "sequences computed at once, gradients accumulate over them; capacity counts within "
             "them; 0 means the whole batch",
         .minimum = 0,
         .maximum = 1 << 20,
         .unit = "sequences"});
    v.Group("batch_ramp", s.batch_ramp, "a batch that grows at the start");
    v.Field("precision", s.precision,
            {.help = "of activations; master weights and sums are float32 in either",
             .added_later = true});
    v.Group("learning_rate", s.learning_rate, "the rate over the steps");
    v.Group("optimizer", s.optimizer, "AdamW");
    v.Field("validate_every", s.validate_every,
            {.help = "steps between short validations; 0 leaves them out",
             .minimum = 0,
             .unit = "steps",
             .effect = Effect::kSpeed});
    v.Field("validate_sequences", s.validate_sequences,
            {.help = "sequences of each held-out set in a short validation",
             .minimum = 1,
             .unit = "sequences",
             .effect = Effect::kSpeed});
    v.Field("log_every", s.log_every,
            {.help = "steps between recorded losses",
             .minimum = 1,
             .unit = "steps",
             .effect = Effect::kSpeed});
    v.Field("checkpoint_seconds", s.checkpoint_seconds,
            {.help = "time between checkpoints",
             .minimum = 0,
             .unit = "seconds",
             .effect = Effect::kSpeed});
  }
};

// The dense parent: trained once, whatever the number of arms and seeds that start from it.
struct ParentSettings {
  TrainSettings train;
  int64_t seed = 0;
  bool keep_optimizer = false;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Group("train", s.train, "how the dense parent is trained");
    v.Field("seed", s.seed, {.help = "seed of the parent's weights and data order", .minimum = 0});
    v.Field("keep_optimizer", s.keep_optimizer,
            {.help = "keep AdamW's moments beside the parent's weights (8 bytes a parameter), for "
                     "upcycle.optimizer: carry",
             .added_later = true});
  }
};

}  // namespace upcycle
