#include "tools/model_options.h"

#include <fmt/format.h>

#include "core/error.h"

namespace upcycle {

fs::path TokenizerPath(const fs::path& model, const std::string& named) {
  if (!named.empty()) return named;
  return fs::is_directory(model) ? model : fs::absolute(model).parent_path();
}

std::unique_ptr<Tokenizer> LoadTokenizer(const fs::path& model, const std::string& named) {
  const fs::path path = TokenizerPath(model, named);
  if (!named.empty()) return Tokenizer::Load(path);
  try {
    return Tokenizer::Load(path);
  } catch (const Error& error) {
    throw Error(error.cause(), fmt::format("{}; --tokenizer names another place", error.what()));
  }
}

}  // namespace upcycle
