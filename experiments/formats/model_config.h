// config.json: what a model is, in Hugging Face's words, with our own settings beside them.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "core/files.h"
#include "experiments/model/architecture.h"

namespace upcycle {

// `end_of_text` is the tokenizer's. A class of transformers that computes the model in the same way
// is named: LlamaForCausalLM, MistralForCausalLM or MixtralForCausalLM; any other mixture is
// "upcycle_moe", any other dense model "upcycle_FAMILY". The member "upcycle" holds the exact
// settings.
nlohmann::json ConfigOf(const Architecture& architecture, int64_t end_of_text);

// Of a folder that ConfigOf's result was written to. Throws Error(kInput) for a missing, damaged or
// foreign config.json.
Architecture ReadConfig(const fs::path& folder);

// The same of the file's content; `path` is for messages.
Architecture ArchitectureOfOwn(const nlohmann::json& config, const fs::path& path);

}  // namespace upcycle
