// The formats of Hugging Face's model classes: one for the dense models of each family, and those
// of its mixtures of experts. Which of them can say what an architecture is, and why others cannot.
#pragma once

#include <string>
#include <string_view>

#include "core/enum_names.h"
#include "core/recipe/families.h"
#include "experiments/model/architecture.h"

namespace upcycle {

enum class Format {
  kDense,     // as the family's own class
  kMixtral,   // MixtralForCausalLM
  kQwen2Moe,  // Qwen2MoeForCausalLM
  kQwen3Moe,  // Qwen3MoeForCausalLM
  kOlmoe,     // OlmoeForCausalLM
  kOwn,       // no class of transformers; what `upcycle` reads
};
template <>
struct EnumNames<Format> {
  static constexpr EnumName<Format> values[] = {
      {Format::kDense, "dense", "as the family's dense models"},
      {Format::kMixtral, "mixtral", "MixtralForCausalLM"},
      {Format::kQwen2Moe, "qwen2_moe", "Qwen2MoeForCausalLM"},
      {Format::kQwen3Moe, "qwen3_moe", "Qwen3MoeForCausalLM"},
      {Format::kOlmoe, "olmoe", "OlmoeForCausalLM"},
      {Format::kOwn, "upcycle", "whatever can be trained; no class of transformers reads it"},
  };
};

// Why the format's class computes another model than this architecture, in words that follow "…
// cannot be written as mixtral: "; empty where it computes this one.
std::string ReasonAgainst(Format format, const Architecture& architecture);

// The format of a Hugging Face class that computes the architecture. Throws Error(kInput), with the
// reason against each, where there is none.
Format FormatOf(const Architecture& architecture);

}  // namespace upcycle
