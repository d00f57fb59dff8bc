#include "tools/terminal/model_options.h"

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

void RequireDeviceWord(const std::string& device) {
  const bool numbered = device.starts_with("cuda:") && device.size() > 5 && device.size() < 10 &&
                        device.find_first_not_of("0123456789", 5) == std::string::npos;
  if (numbered || device == "auto" || device == "cpu" || device == "cuda") return;
  throw Error(Cause::kInput,
              fmt::format("\"{}\" is no device: expected auto, cpu, cuda or cuda:N", device));
}

}  // namespace upcycle
