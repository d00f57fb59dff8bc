// Mistakes in the files of a recipe's sources that show without reading any text: all of them, so
// that they can be said before anything runs.
#pragma once

#include <string>
#include <vector>

#include "core/recipe/settings.h"
#include "core/tokenizers/tokenizer.h"

namespace upcycle {

struct FileMistake {
  std::string setting;  // "data.train.0.files.1": which file or pattern, or all of a source's
  std::string message;
};

// A pattern that matches or takes away nothing, a file that is empty or cannot be read, and one
// that is both trained and validated on; a tokenizer that is none, or of another vocabulary.
std::vector<FileMistake> FindFileMistakes(const DataSettings& settings);

// Why a loaded tokenizer is not the one that settings promise; empty: it is.
std::string WrongVocabulary(const TokenizerSettings& settings, const Tokenizer& tokenizer);

// Why a file may not be held out that a training source names as well.
std::string TrainedOnAsWell(const std::string& file, const std::string& validation_source);

}  // namespace upcycle
