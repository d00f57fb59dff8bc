// What goes with a model beside its weights.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/files.h"

namespace upcycle {

// Copies, byte for byte, the files of the tokenizer, and of those that lie in the folder `from`
// generation_config.json, licences and notices. The tokenizer is at `tokenizer`, a folder or a
// file; where that is empty, it is one of `from`, if there is any. A tokenizer.model that comes
// alone gets a tokenizer_config.json which names its class in transformers.
void CarryFiles(const fs::path& from, const fs::path& tokenizer, const fs::path& to);

// Sets the ids of tokens that begin, end and pad texts as the source's configuration has them.
void CarryTokens(const fs::path& from, nlohmann::json& config);

}  // namespace upcycle
