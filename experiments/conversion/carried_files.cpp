#include "experiments/conversion/carried_files.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/tokenizers/foreign_folder.h"

namespace upcycle {
namespace {

using nlohmann::json;

bool IsCarried(std::string_view name) {
  return name == "generation_config.json" || name.starts_with("LICENSE") ||
         name.starts_with("NOTICE") || name.starts_with("USE_POLICY");
}

// The file that is the tokenizer, of those that a folder may have.
constexpr std::array<const char*, 4> kTokenizers = {"tokenizer.json", "tokenizer.model",
                                                    "tokenizer.bin", "vocab.json"};

bool HasTokenizer(const fs::path& folder) {
  return std::ranges::any_of(kTokenizers,
                             [&](const char* name) { return fs::exists(folder / name); });
}

// The name under which folders hold a tokenizer of this kind.
std::string UsualName(const fs::path& file) {
  const std::string extension = file.extension().native();
  const bool is_known = extension == ".json" || extension == ".model" || extension == ".bin";
  return is_known ? "tokenizer" + extension : file.filename().native();
}

void CopyTokenizer(const fs::path& path, const fs::path& to) {
  if (!fs::is_directory(path)) {
    return WriteFileAtomically(to / UsualName(path), ReadTextFile(path));
  }
  for (const char* main : kTokenizers) {
    if (!fs::exists(path / main)) continue;
    for (const auto& [name, content] : ReadTokenizerFiles(path / main)) {
      WriteFileAtomically(to / name, content);
    }
    return;
  }
  throw Error(Cause::kInput, fmt::format("{} has no tokenizer: none of {} is in it", path.native(),
                                         fmt::join(kTokenizers, ", ")));
}

}  // namespace

void CarryFiles(const fs::path& from, const fs::path& tokenizer, const fs::path& to) {
  const bool is_folder = fs::is_directory(from);
  if (!tokenizer.empty()) {
    CopyTokenizer(tokenizer, to);
  } else if (is_folder && HasTokenizer(from)) {
    CopyTokenizer(from, to);
  }
  if (!is_folder) return;
  for (const fs::directory_entry& file : fs::directory_iterator(from)) {
    const std::string name = file.path().filename().native();
    if (!file.is_regular_file() || !IsCarried(name)) continue;
    WriteFileAtomically(to / name, ReadTextFile(file.path()));
  }
}

void CarryTokens(const fs::path& from, json& config) {
  const fs::path path = from / "config.json";
  if (!fs::exists(path)) return;
  const json source = json::parse(ReadTextFile(path), nullptr, /*allow_exceptions=*/false);
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
    if (source.is_object() && source.contains(key)) config[key] = source[key];
  }
}

}  // namespace upcycle
