// The settings of one run: what an arm of a study fixes. Each struct lists its fields once
// (fields.h); defaults are those of a small run on two CPU cores.
//
// Words: E expansion, MoE MLP parameters over dense MLP parameters; G granularity, dense FFN width
// over expert width; T top-k. There are E·G experts; E8G1T2 is eight full-size experts, top-2.
// Sources: He 2024 = arXiv 2410.07524; Vavre 2024 = arXiv 2412.09952.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/recipe/fields.h"

namespace upcycle {

// ----------------------------------------------------------------------------------------------
// model

enum class Family { kLlama, kNemotron };
template <>
struct EnumNames<Family> {
  static constexpr EnumName<Family> values[] = {
      {Family::kLlama, "llama", "RMSNorm, SwiGLU"},
      {Family::kNemotron, "nemotron", "LayerNorm, squared ReLU without a gate"},
  };
};

// The dense transformer. Both families use rotary positions and grouped-query attention, no biases.
struct ModelSettings {
  Family family = Family::kLlama;
  int64_t layers = 4;
  int64_t width = 128;
  int64_t heads = 4;
  int64_t kv_heads = 0;    // 0: as many as heads
  int64_t head_width = 0;  // 0: width / heads
  int64_t ffn_width = 384;
  int64_t sequence_length = 128;
  bool tied_embeddings = true;
  double rope_theta = 10000;
  double norm_epsilon = 1e-5;
  double init_std = 0.02;

  int64_t KvHeads() const { return kv_heads > 0 ? kv_heads : heads; }
  int64_t HeadWidth() const { return head_width > 0 ? head_width : width / heads; }

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("family", s.family, {.help = "norm and activation of the dense parent"});
    v.Field("layers", s.layers, {.help = "transformer blocks", .minimum = 1, .maximum = 1024});
    v.Field("width", s.width,
            {.help = "width of the residual stream", .minimum = 2, .maximum = 65536});
    v.Field("heads", s.heads, {.help = "query heads", .minimum = 1, .maximum = 1024});
    v.Field(
        "kv_heads", s.kv_heads,
        {.help = "key and value heads; 0 means as many as heads", .minimum = 0, .maximum = 1024});
    v.Field("head_width", s.head_width,
            {.help = "width of one head; 0 means width / heads", .minimum = 0, .maximum = 1024});
    v.Field("ffn_width", s.ffn_width,
            {.help = "hidden width of the dense MLP", .minimum = 1, .maximum = 1 << 20});
    v.Field("sequence_length", s.sequence_length,
            {.help = "tokens a sequence", .minimum = 2, .maximum = 1 << 20, .unit = "tokens"});
    v.Field("tied_embeddings", s.tied_embeddings, {.help = "the output head is the embedding"});
    v.Field("rope_theta", s.rope_theta,
            {.help = "base of the rotary frequencies", .minimum = 1, .maximum = 1e9});
    v.Field("norm_epsilon", s.norm_epsilon,
            {.help = "added to the variance in norms",
             .minimum = 0,
             .maximum = 1,
             .above_minimum = true});
    v.Field(
        "init_std", s.init_std,
        {.help = "standard deviation of fresh weights; those that write to the residual stream get "
                 "init_std / sqrt(2 · layers)",
         .minimum = 0,
         .maximum = 10,
         .above_minimum = true});
  }
};

// -----------------------------------------------------------------------------------------------
// data

enum class TokenizerKind { kBytes, kBpe };
template <>
struct EnumNames<TokenizerKind> {
  static constexpr EnumName<TokenizerKind> values[] = {
      {TokenizerKind::kBytes, "bytes", "one token a byte, and end of text"},
      {TokenizerKind::kBpe, "bpe",
       "byte-pair encoding trained on the training text (sentencepiece)"},
  };
};

struct TokenizerSettings {
  TokenizerKind kind = TokenizerKind::kBytes;
  int64_t vocabulary = 512;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("kind");
    v.Field("kind", s.kind, {.help = "how text becomes tokens"});
    v.Field("vocabulary", s.vocabulary,
            {.help = "pieces of a bpe tokenizer, byte pieces included",
             .minimum = 300,
             .maximum = 65535,
             .unit = "tokens"});
  }
};

enum class SourceKind { kText, kAtlas };
template <>
struct EnumNames<SourceKind> {
  static constexpr EnumName<SourceKind> values[] = {
      {SourceKind::kText, "text", "UTF-8 files; each file is one document"},
      {SourceKind::kAtlas, "atlas", "the built-in generated world and questions about it"},
  };
};

// A source of text. Training blends its sources by weight; each held-out source is its own
// validation set, `validation/<name>/loss`.
struct SourceSettings {
  std::string name;
  SourceKind kind = SourceKind::kText;
  std::vector<std::string> files;
  double weight = 1;
  int64_t people = 400;
  int64_t world_seed = 0;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("name", s.name,
            {.help = "what tables call it; the kind where it is left out",
             .pattern = "[A-Za-z0-9_.-]{1,100}",
             .form = "at most 100 letters, digits, '-', '_' and '.'"});
    v.Field("kind", s.kind, {.help = "where the text comes from"});
    v.Field(
        "files", s.files,
        {.help = "text: paths or globs, relative to the recipe; a leading ! takes files out again",
         .is_path = true});
    v.Field("weight", s.weight,
            {.help = "share of the blend, relative to the other sources",
             .minimum = 0,
             .above_minimum = true});
    v.Field("people", s.people,
            {.help = "atlas: size of the world, in people", .minimum = 8, .maximum = 1e7});
    v.Field("world_seed", s.world_seed, {.help = "atlas: which world", .minimum = 0});
  }
};

struct DataSettings {
  TokenizerSettings tokenizer;
  std::vector<SourceSettings> train;
  std::vector<SourceSettings> validation;
  double held_out = 0.02;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Group("tokenizer", s.tokenizer, "how text becomes tokens");
    v.List("train", s.train, "what is trained on, blended by weight");
    v.List("validation", s.validation,
           "held-out text; where it is empty, `held_out` of each training source is kept apart");
    v.Field(
        "held_out", s.held_out,
        {.help =
             "share of each training source kept for validation when no validation source is named",
         .minimum = 0,
         .maximum = 0.5,
         .above_minimum = true});
  }
};

// ------------------------------------------------------------------------------------------------
// moe

enum class RoutingOrder { kSoftmaxThenTopk, kTopkThenSoftmax };
template <>
struct EnumNames<RoutingOrder> {
  static constexpr EnumName<RoutingOrder> values[] = {
      {RoutingOrder::kSoftmaxThenTopk, "softmax_then_topk",
       "the top-k of softmax probabilities, not renormalised (He 2024)"},
      {RoutingOrder::kTopkThenSoftmax, "topk_then_softmax",
       "softmax over the top-k logits: weights sum to 1 (Mixtral, Vavre 2024)"},
  };
};

enum class BalanceScope { kMicroBatch, kSequence, kGlobal };
template <>
struct EnumNames<BalanceScope> {
  static constexpr EnumName<BalanceScope> values[] = {
      {BalanceScope::kMicroBatch, "micro_batch", "balanced within each micro-batch"},
      {BalanceScope::kSequence, "sequence",
       "balanced within each sequence, averaged over sequences"},
      {BalanceScope::kGlobal, "global", "balanced over the whole batch, however it is split"},
  };
};

enum class DropPolicy { kProbs, kPosition };
template <>
struct EnumNames<DropPolicy> {
  static constexpr EnumName<DropPolicy> values[] = {
      {DropPolicy::kProbs, "probs", "a full expert keeps its most probable tokens"},
      {DropPolicy::kPosition, "position", "a full expert keeps its earliest tokens"},
  };
};

struct RouterSettings {
  RoutingOrder order = RoutingOrder::kSoftmaxThenTopk;
  double init_std = 0.02;
  double load_balance = 0.01;
  BalanceScope balance_scope = BalanceScope::kMicroBatch;
  double z_loss = 0;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("order");
    v.Field("order", s.order,
            {.help = "whether softmax comes before or after the choice of experts"});
    v.Field(
        "init_std", s.init_std,
        {.help = "standard deviation of the router's first weights", .minimum = 0, .maximum = 10});
    v.Field("load_balance", s.load_balance,
            {.help = "coefficient of the load-balance loss; 0 leaves it out",
             .minimum = 0,
             .maximum = 100});
    v.Field("balance_scope", s.balance_scope, {.help = "over which tokens the load is balanced"});
    v.Field("z_loss", s.z_loss,
            {.help = "coefficient of the router z-loss; 0 leaves it out",
             .minimum = 0,
             .maximum = 100});
  }
};

struct MoeSettings {
  int64_t expansion = 8;
  int64_t granularity = 1;
  int64_t top_k = 2;
  LayerSelection layers;
  CapacityFactor capacity_factor;
  DropPolicy drop_policy = DropPolicy::kProbs;
  RouterSettings router;

  int64_t Experts() const { return expansion * granularity; }

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("expansion", s.expansion,
            {.help = "E: parameters of the MoE MLP over those of the dense MLP",
             .minimum = 1,
             .maximum = 4096});
    v.Field("granularity", s.granularity,
            {.help = "G: dense FFN width over expert width; there are E·G experts",
             .minimum = 1,
             .maximum = 4096});
    v.Field("top_k", s.top_k,
            {.help = "T: experts a token is sent to", .minimum = 1, .maximum = 64});
    v.Field("layers", s.layers, {.help = "which layers have experts: all, every_other, or a list"});
    v.Field("capacity_factor", s.capacity_factor,
            {.help = "an expert serves at most ceil(tokens · T / experts · factor) tokens of a "
                     "micro-batch; or dropless",
             .minimum = 0,
             .maximum = 1e6,
             .above_minimum = true});
    v.Field("drop_policy", s.drop_policy, {.help = "which tokens a full expert drops"});
    v.Group("router", s.router, "how tokens choose experts");
  }
};

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

// -------------------------------------------------------------------------------------------
// training

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

// AdamW (Loshchilov and Hutter 2019). Weight decay spares norms; clipping is by the global norm.
struct OptimizerSettings {
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0.1;
  double clip_norm = 1;

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
  }
};

struct TrainSettings {
  int64_t tokens = 1 << 20;
  int64_t batch_sequences = 16;
  int64_t micro_batch_sequences = 0;  // 0: the whole batch at once
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

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Group("train", s.train, "how the dense parent is trained");
    v.Field("seed", s.seed, {.help = "seed of the parent's weights and data order", .minimum = 0});
  }
};

// -----------------------------------------------------------------------------------------
// evaluation

enum class ChoiceStyle { kCloze, kLetter };
template <>
struct EnumNames<ChoiceStyle> {
  static constexpr EnumName<ChoiceStyle> values[] = {
      {ChoiceStyle::kCloze, "cloze", "the likelihood of each answer's text after the question"},
      {ChoiceStyle::kLetter, "letter",
       "the likelihood of A, B, C or D after question and choices (MMLU)"},
  };
};

struct EvaluateSettings {
  int64_t sequences = 0;
  int64_t questions = 0;
  int64_t shots = 0;
  ChoiceStyle style = ChoiceStyle::kCloze;
  CapacityFactor capacity_factor;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("sequences", s.sequences,
            {.help = "sequences of each held-out set at the end; 0 means all",
             .minimum = 0,
             .unit = "sequences"});
    v.Field("questions", s.questions,
            {.help = "multiple-choice questions of each source that has them; 0 means all",
             .minimum = 0});
    v.Field("shots", s.shots,
            {.help = "solved examples before each question", .minimum = 0, .maximum = 32});
    v.Field("style", s.style, {.help = "what is scored in a multiple-choice question"});
    v.Field("capacity_factor", s.capacity_factor,
            {.help = "capacity while evaluating; dropless is how a model is used",
             .minimum = 0,
             .maximum = 1e6,
             .above_minimum = true});
  }
};

// ------------------------------------------------------------------------------------------
// execution

// Where and how fast: nothing here changes a result.
struct ExecutionSettings {
  std::string device = "auto";
  int64_t threads = 0;

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
  }
};

struct RunSettings {
  ModelSettings model;
  DataSettings data;
  ParentSettings parent;
  UpcycleSettings upcycle;
  MoeSettings moe;
  TrainSettings train;
  EvaluateSettings evaluate;
  ExecutionSettings execution;

  // Whether the run trains a mixture of experts.
  bool HasExperts() const { return upcycle.method != UpcycleMethod::kNone; }
  // Whether the run starts from the dense parent's weights.
  bool HasParent() const { return upcycle.method != UpcycleMethod::kScratch; }

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Group("model", s.model, "the dense transformer");
    v.Group("data", s.data, "what it reads");
    v.Group("parent", s.parent, "the dense parent");
    v.Group("upcycle", s.upcycle, "how the run starts from the parent");
    v.Group("moe", s.moe, "experts and routing, where the run has them");
    v.Group("train", s.train, "the run's own training");
    v.Group("evaluate", s.evaluate, "what is measured at the end");
    v.Group("execution", s.execution, "where and how fast; never changes a result");
  }
};

}  // namespace upcycle
