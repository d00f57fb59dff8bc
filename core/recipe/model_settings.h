// The dense transformer that a run trains, or starts from.
#pragma once

#include <cstdint>
#include <string>

#include "core/recipe/families.h"
#include "core/recipe/fields.h"

namespace upcycle {

// Models that the world knows by name (known_models.cpp says where their sizes are from).
enum class KnownModel {
  kNone,
  kLlama3_8b,
  kLlama32_1b,
  kNemotron4_15b,
  kGpt2b,
  kTinyLlama,
  kSmolLm,
  kStories260k,
  kLab,
};
template <>
struct EnumNames<KnownModel> {
  static constexpr EnumName<KnownModel> values[] = {
      {KnownModel::kNone, "none", "as the other keys say"},
      {KnownModel::kLlama3_8b, "llama-3-8b", "8.03B parameters; the parent of Vavre 2024"},
      {KnownModel::kLlama32_1b, "llama-3.2-1b", "1.24B parameters"},
      {KnownModel::kNemotron4_15b, "nemotron-4-15b", "15.6B parameters; a parent of He 2024"},
      {KnownModel::kGpt2b, "gpt-2b", "2.25B parameters; the parent of He 2024's ablations"},
      {KnownModel::kTinyLlama, "tinyllama-1.1b", "1.10B parameters"},
      {KnownModel::kSmolLm, "smollm-135m", "135M parameters"},
      {KnownModel::kStories260k, "stories-260k", "260 thousand parameters"},
      {KnownModel::kLab, "lab", "131 thousand parameters, the size that base/lab.yaml trains"},
  };
};

struct ModelSettings;
// Sets every key but `name` to the model's; nothing for kNone.
void BecomeKnownModel(ModelSettings& settings, KnownModel model);

// How rotary frequencies are lowered, for sequences longer than those of pretraining.
//   linear  all of them, by `factor` (Chen et al. 2023, arXiv 2306.15595)
//   llama3  those whose wavelength exceeds original_length / low_frequency_factor by `factor`, none
//           below original_length / high_frequency_factor, in between a blend (Llama 3.1)
enum class RopeScaling { kNone, kLinear, kLlama3 };
template <>
struct EnumNames<RopeScaling> {
  static constexpr EnumName<RopeScaling> values[] = {
      {RopeScaling::kNone, "none", "frequencies as they are"},
      {RopeScaling::kLinear, "linear", "all frequencies over `factor`"},
      {RopeScaling::kLlama3, "llama3", "low frequencies over `factor`, as Llama 3.1 does"},
  };
};

struct RopeScalingSettings {
  RopeScaling kind = RopeScaling::kNone;
  double factor = 8;
  double low_frequency_factor = 1;
  double high_frequency_factor = 4;
  int64_t original_length = 8192;

  bool operator==(const RopeScalingSettings&) const = default;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("kind");
    v.Field("kind", s.kind, {.help = "how rotary frequencies are lowered", .added_later = true});
    v.Field("factor", s.factor,
            {.help = "by how much", .minimum = 1, .maximum = 1e6, .added_later = true});
    v.Field("low_frequency_factor", s.low_frequency_factor,
            {.help = "llama3: longer waves than original_length over this are lowered whole",
             .minimum = 0,
             .maximum = 1e6,
             .above_minimum = true,
             .added_later = true});
    v.Field("high_frequency_factor", s.high_frequency_factor,
            {.help = "llama3: shorter waves than original_length over this are left alone",
             .minimum = 0,
             .maximum = 1e6,
             .above_minimum = true,
             .added_later = true});
    v.Field("original_length", s.original_length,
            {.help = "llama3: the sequence length of pretraining",
             .minimum = 1,
             .maximum = 1 << 24,
             .unit = "tokens",
             .added_later = true});
  }
};

// The dense transformer: grouped-query attention, and what its family says (families.h).
struct ModelSettings {
  std::string from = {};  // a model that lies somewhere, and is the parent
  KnownModel name = KnownModel::kNone;
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
  double rotary_share = 1;
  RopeScalingSettings rope_scaling = {};
  double norm_epsilon = 1e-5;
  double init_std = 0.02;
  int64_t vocabulary = 0;  // a known model's, no key of its own; 0: the tokenizer's pieces

  int64_t KvHeads() const { return kv_heads > 0 ? kv_heads : heads; }
  int64_t HeadWidth() const { return head_width > 0 ? head_width : width / heads; }
  // How many numbers of a head are rotated: pairs of the first.
  int64_t RotaryWidth() const {
    return 2 * static_cast<int64_t>(rotary_share * static_cast<double>(HeadWidth()) / 2);
  }
  FamilyTraits Traits() const { return TraitsOf(family); }

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("name");
    v.Field(
        "from", s.from,
        {.help = "a dense model that is the parent as it lies there, in place of training one: "
                 "a Hugging Face folder, a llama2.c .bin, or what upcycle wrote. All other keys "
                 "are its own; only sequence_length may be less",
         .is_path = true,
         .added_later = true});
    // Readers alone offer this, as Implies below.
    if constexpr (requires { v.ImpliesFile("from", s.from, s); }) v.ImpliesFile("from", s.from, s);
    v.Field(
        "name", s.name,
        {.help = "a known model, whose sizes are those of all keys that are not written beside it",
         .effect = Effect::kSpeed});
    // Readers alone offer this: what is set here is overwritten by the fields that follow.
    if constexpr (requires { v.Implies("name", [] {}); }) {
      v.Implies("name", [&s] { BecomeKnownModel(s, s.name); });
    }
    v.Field("family", s.family,
            {.help = "norms, activation, biases and positions of the dense parent"});
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
    v.Field("rotary_share", s.rotary_share,
            {.help = "how much of each head is rotated by its position",
             .minimum = 0,
             .maximum = 1,
             .above_minimum = true,
             .unit = "share",
             .added_later = true});
    v.Group("rope_scaling", s.rope_scaling, "rotary frequencies of longer sequences");
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
    v.Field("vocabulary", s.vocabulary,
            {.help = "rows of the embedding; 0 means the tokenizer's pieces, rounded up to 8",
             .minimum = 0,
             .maximum = 1 << 24,
             .added_later = true});
  }
};

}  // namespace upcycle
