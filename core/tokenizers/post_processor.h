// "post_processor" of a tokenizer.json: the tokens that belong around a text.
#pragma once

#include <cstdint>
#include <vector>

#include "core/tokenizers/json_node.h"

namespace upcycle {

struct SurroundingTokens {
  std::vector<int32_t> before;
  std::vector<int32_t> after;
};

// Throws Error(kInput) for a component that is not supported, or uses a text more than once.
SurroundingTokens ReadPostProcessor(const JsonNode& node);

}  // namespace upcycle
