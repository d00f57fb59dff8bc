// Families of dense transformers: what sets the layers of one apart from those of another. Sizes
// are settings (model_settings.h); what is written here belongs to the family.
#pragma once

#include <cstdint>

#include "core/enum_names.h"

namespace upcycle {

enum class Family {
  kLlama,
  kNemotron,
  kMistral,
  kQwen2,
  kQwen3,
  kGemma,
  kOlmo,
  kOlmo2,
  kOlmoe,
  kGpt2,
  kNeoX,
};
template <>
struct EnumNames<Family> {
  static constexpr EnumName<Family> values[] = {
      {Family::kLlama, "llama", "RMSNorm, SwiGLU"},
      {Family::kNemotron, "nemotron", "LayerNorm, squared ReLU without a gate"},
      {Family::kMistral, "mistral", "as llama"},
      {Family::kQwen2, "qwen2", "as llama, with biases on queries, keys and values"},
      {Family::kQwen3, "qwen3", "as llama, with an RMSNorm on each query and key head"},
      {Family::kGemma, "gemma", "RMSNorm, GeGLU, embeddings scaled by the root of their width"},
      {Family::kOlmo, "olmo", "LayerNorm without weights, SwiGLU"},
      {Family::kOlmo2, "olmo2",
       "RMSNorm behind attention and MLP instead of before, and on all queries and keys; SwiGLU"},
      {Family::kOlmoe, "olmoe", "as llama, with an RMSNorm on all queries and one on all keys"},
      {Family::kGpt2, "gpt2", "LayerNorm, GELU (tanh), biases everywhere, learned positions"},
      {Family::kNeoX, "neox", "LayerNorm, GELU, biases everywhere, attention beside the MLP"},
  };
};

// What is between the two matrices of an MLP, elementwise.
//   kSwiGlu       gate · sigmoid(gate) · up (Shazeer 2020)
//   kSquaredRelu  max(x, 0)² (So et al. 2021)
//   kGeGlu        gelu(gate) · up, with the tanh of kGeluTanh (Shazeer 2020)
//   kGelu         x · Φ(x) (Hendrycks and Gimpel 2016)
//   kGeluTanh     x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))
enum class Activation { kSwiGlu, kSquaredRelu, kGeGlu, kGelu, kGeluTanh };

constexpr bool IsGated(Activation activation) {
  return activation == Activation::kSwiGlu || activation == Activation::kGeGlu;
}

enum class NormKind { kRms, kLayer, kPlainLayer };  // the last without weight and bias

// An RMSNorm on queries and keys before they are rotated: over each head, with one weight [W], or
// over all of a token's queries, and over all of its keys.
enum class QueryKeyNorm { kNone, kHead, kWhole };

// How a layer's two halves read and write the residual stream x.
//   kBefore    x += Attention(Norm(x)); x += Mlp(Norm(x))
//   kAfter     x += Norm(Attention(x)); x += Norm(Mlp(x))
//   kParallel  x += Attention(Norm(x)) + Mlp(Norm'(x))
enum class Residual { kBefore, kAfter, kParallel };

struct FamilyTraits {
  NormKind norm = NormKind::kRms;
  Activation activation = Activation::kSwiGlu;
  Residual residual = Residual::kBefore;
  QueryKeyNorm query_key_norm = QueryKeyNorm::kNone;
  bool query_bias = false;  // on queries, keys and values
  bool output_bias = false;
  bool mlp_bias = false;
  bool learned_positions = false;  // in place of rotary ones
  bool scaled_embedding = false;   // by sqrt(D)
};

constexpr FamilyTraits TraitsOf(Family family) {
  switch (family) {
    case Family::kLlama:
    case Family::kMistral:
      return {};
    case Family::kNemotron:
      return {.norm = NormKind::kLayer, .activation = Activation::kSquaredRelu};
    case Family::kQwen2:
      return {.query_bias = true};
    case Family::kQwen3:
      return {.query_key_norm = QueryKeyNorm::kHead};
    case Family::kGemma:
      return {.activation = Activation::kGeGlu, .scaled_embedding = true};
    case Family::kOlmo:
      return {.norm = NormKind::kPlainLayer};
    case Family::kOlmo2:
      return {.residual = Residual::kAfter, .query_key_norm = QueryKeyNorm::kWhole};
    case Family::kOlmoe:
      return {.query_key_norm = QueryKeyNorm::kWhole};
    case Family::kGpt2:
      return {.norm = NormKind::kLayer,
              .activation = Activation::kGeluTanh,
              .query_bias = true,
              .output_bias = true,
              .mlp_bias = true,
              .learned_positions = true};
    case Family::kNeoX:
      return {.norm = NormKind::kLayer,
              .activation = Activation::kGelu,
              .residual = Residual::kParallel,
              .query_bias = true,
              .output_bias = true,
              .mlp_bias = true};
  }
  return {};
}

}  // namespace upcycle
