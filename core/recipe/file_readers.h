// What recipes name and other rooms can read: who knows such files (core/tokenizers,
// experiments/formats) gives these to whoever reads recipes.
#pragma once

#include <functional>
#include <string>

namespace upcycle {

struct ModelSettings;
struct TokenizerSettings;

// Each sets what the file or folder at `path` decides, and throws Error(kInput) where it cannot be
// read. Where one is empty, nothing is read.
struct FileReaders {
  std::function<void(const std::string& path, ModelSettings&)> model = {};
  std::function<void(const std::string& path, TokenizerSettings&)> tokenizer = {};

  void Read(const std::string& path, ModelSettings& settings) const {
    if (model) model(path, settings);
  }
  void Read(const std::string& path, TokenizerSettings& settings) const {
    if (tokenizer) tokenizer(path, settings);
  }
};

}  // namespace upcycle
