// JSON that somebody else wrote: of bounded size and depth, and saying each thing once.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "core/files.h"

namespace upcycle {

// What is wrong with a text: it is no JSON, an object has one key twice, of which readers keep
// either, or values lie in values deeper than in any model's files (copying or printing such a
// value would take all of the stack). Empty where nothing is.
std::string MistakeInJson(std::string_view text);

// Throws Error(kInput), naming `file`, for a text with a mistake.
nlohmann::json ParseForeignJson(std::string_view text, std::string_view file);

// What the JSON library says, in words: without its own names and numbers in brackets.
std::string JsonProblem(const std::exception& error);

// The same of a file, which is refused if it is far larger than those of models are.
nlohmann::json ReadForeignJson(const fs::path& path);

}  // namespace upcycle
