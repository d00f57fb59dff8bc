// Ready-made tokens (token_source.h) as a dataset remembers them: where they lie, when and how long
// their files were, their content's hash, and which part is meant.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "core/data/token_source.h"

namespace upcycle {

// `text_bytes` are those of the part's text, 0 where they are not known.
nlohmann::json DescribeTokens(const TokenSource& source, CorpusPart part, double held_out,
                              int64_t text_bytes);

// What happened to the files since, as a sentence; empty: they hold what they did. A file is hashed
// again only where its size or its time of change differ.
std::string FindChangeOfTokens(const nlohmann::json& description);

// The part. Throws Error(kInput) where a file is missing or no longer of its kind.
std::unique_ptr<TokenPieces> OpenDescribedTokens(const nlohmann::json& description);

}  // namespace upcycle
