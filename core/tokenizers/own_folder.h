// The folder of a tokenizer that upcycle made. tokenizer_config.json says so, with fingerprints of
// the other files.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/files.h"
#include "core/recipe/settings.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {

// All files of the folder, by name. `model` is the serialised sentencepiece model, empty if there
// is none.
std::map<std::string, std::string> OwnFolderFiles(TokenizerKind kind, std::string tokenizer_json,
                                                  std::string model);

// Of a tokenizer that is no more than what it says of itself.
std::map<std::string, std::string> OwnFolderFiles(const nlohmann::json& ours);

// Whether the folder says that upcycle made its tokenizer. Throws Error(kInput) where it should say
// who made it and is damaged.
bool IsOwnFolder(const fs::path& folder);

// Throws Error(kInput) where a file is missing, damaged or was changed.
std::unique_ptr<Tokenizer> LoadOwnFolder(const fs::path& folder);

}  // namespace upcycle
