// What the files of a tokenizer that another program made say beside the tokenizer itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/tokenizers/function_ref.h"

namespace upcycle {

// By these names Tokenizer::Load finds a tokenizer in a folder, the first that is there.
inline constexpr char kTokenizerJson[] = "tokenizer.json";
inline constexpr char kSentencepieceModel[] = "tokenizer.model";
inline constexpr char kLlama2cTokenizer[] = "tokenizer.bin";

// What stands in a folder for the tokenizer at `path`, by name: the file itself as `name`, and what
// lies beside it that Hugging Face's programs know by name. A folder of these files alone loads as
// the tokenizer at `path` does.
std::map<std::string, std::string> ReadTokenizerFiles(const fs::path& path,
                                                      const std::string& name);

// A token that files name by its text, or by its number.
struct NamedToken {
  bool decided = false;  // a file speaks of it, if only to say that there is none
  std::optional<std::string> text;
  std::optional<int64_t> id;
};

struct NamedTokens {
  NamedToken begin_of_text;
  NamedToken end_of_text;
  std::optional<bool> adds_begin;  // add_bos_token
  std::optional<bool> adds_end;
};

// From tokenizer_config.json, special_tokens_map.json and config.json beside the tokenizer, the
// first that speaks of a token. Throws Error(kInput) for files that are damaged.
NamedTokens ReadNamedTokens(const fs::path& path);

// The token that is meant: the named one, or where no file speaks of it the first of `usual` that
// exists. `token_of` gives -1 for a text that is no token.
std::optional<int32_t> Resolve(const NamedToken& named, int64_t vocabulary,
                               FunctionRef<int32_t(std::string_view)> token_of,
                               const std::vector<std::string_view>& usual);

}  // namespace upcycle
