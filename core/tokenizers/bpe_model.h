// The model of a tokenizer.json: words to tokens, by byte-pair encoding.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizers/json_node.h"
#include "core/tokenizers/pair_merges.h"
#include "core/tokenizers/text_map.h"
#include "core/tokenizers/word_cache.h"

namespace upcycle {

// What a thread encodes with.
struct BpeMemory {
  WordCache words;
  MergeMemory merging;
  std::vector<int32_t> tokens;
};

class BpeModel {
 public:
  enum class Alphabet {
    kCharacters,  // words are text
    kBytes,       // words are bytes, which the vocabulary writes in the byte alphabet
  };

  // The value of "model". Throws Error(kInput) for another kind of model, for what is damaged, and
  // for dropout and affixes of words.
  BpeModel(const JsonNode& model, Alphabet alphabet);

  // Appends the tokens of a word, which is not empty. Characters without a token become bytes or
  // the unknown token as the model says, or nothing where it says nothing.
  void Encode(std::string_view word, BpeMemory& memory, std::vector<int32_t>& out) const;

  // The token of this text, or -1. As in the file: in the byte alphabet where that is used.
  int32_t TokenOf(std::string_view text) const;
  // The text of each token, as in the file; empty for a number that no token has.
  const std::vector<std::string>& texts() const { return texts_; }
  // Whether text may be cut between a character and an escaped space behind it: no token reaches
  // over such a place.
  bool separates_words() const { return separates_words_; }

 private:
  // What a character becomes before merging.
  struct Start {
    std::vector<int32_t> tokens;  // its own token, or those of its bytes
    bool own = false;
  };

  void ReadVocabulary(const JsonNode& model);
  void ReadMerges(const JsonNode& merges);
  void AddMerge(const JsonNode& merges, size_t i, std::string_view left, std::string_view right,
                uint32_t rank);
  Start StartOf(std::string_view character) const;
  void PrepareBytes();
  void PrepareCharacters();
  void EncodeWord(std::string_view word, BpeMemory& memory, std::vector<int32_t>& out) const;
  void EncodeAfresh(std::string_view word, BpeMemory& memory) const;
  void Begin(std::string_view word, std::vector<int32_t>& tokens) const;
  int32_t TokenOfByte(char byte) const;
  bool HasBytes(std::string_view text) const;

  Alphabet alphabet_;
  bool byte_fallback_ = false;
  bool fuse_unknown_ = false;
  bool whole_words_first_ = false;  // "ignore_merges"
  bool separates_words_ = true;
  int32_t unknown_ = -1;
  std::vector<std::string> texts_;
  TextMap<int32_t> tokens_;  // by texts_
  TextMap<int32_t> whole_words_;
  std::array<Start, 256> starts_of_bytes_;
  std::vector<int32_t> starts_of_characters_;  // by code point; -1: no token of its own
  PairMerges merges_;
};

}  // namespace upcycle
