// Trains a BPE tokenizer with the sentencepiece library: the same text gives the same model,
// whatever its order, on one thread, without a file and without a word on the terminal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/tokenizers/bpe_tokenizer.h"
#include "core/tokenizers/text_map.h"

namespace upcycle {

class BpeTrainer {
 public:
  // Counts the words of `text` (bpe_text.h).
  void Add(std::string_view text);

  // A tokenizer of exactly `vocabulary` pieces: 256 bytes, unknown, end of text, the commonest
  // characters, and merges. Throws Error(kInput) with the largest possible number where the text
  // does not allow so many. Digits are pieces of their own.
  std::unique_ptr<BpeTokenizer> Train(int64_t vocabulary) const;

 private:
  std::string TrainModel(int64_t vocabulary) const;

  TextMap<int64_t> words_;
};

}  // namespace upcycle
