// "pre_tokenizer" of a tokenizer.json: cuts a normalised text into words.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizers/function_ref.h"
#include "core/tokenizers/json_node.h"

namespace upcycle {

class PreTokenizer {
 public:
  struct Piece {
    std::string_view text;
    bool at_start = false;  // at the beginning of the text that is encoded
  };
  using Take = FunctionRef<void(Piece)>;

  // What a step does to a text that has an ASCII letter, a space and another letter in a row.
  enum class AtSpaces {
    kNothing,    // it never looks over the place before the space
    kSeparates,  // it cuts there, whatever stands around
    kEscapes,    // it writes U+2581 for the space and leaves the rest to the model
    kUnknown,
  };

  class Step {
   public:
    virtual ~Step() = default;
    virtual void Split(Piece piece, Take take) const = 0;
    virtual AtSpaces at_spaces() const { return AtSpaces::kUnknown; }
  };

  PreTokenizer() = default;
  // The component; throws Error(kInput) for one that is not supported. `without_spaces`: the texts
  // to be cut hold no space.
  PreTokenizer(const JsonNode& node, bool without_spaces);

  // Whether the words are bytes, where the vocabulary writes them in the byte alphabet: the last
  // step is that of byte-level BPE, and its change of letters is left to the vocabulary.
  bool gives_bytes() const { return gives_bytes_; }
  AtSpaces at_spaces() const;

  // Calls `take` with each word, in order; none is empty.
  void Split(Piece piece, Take take) const { Run(0, piece, take); }

 private:
  void Read(const JsonNode& node, bool without_spaces, int depth);
  void Run(size_t step, Piece piece, Take take) const;

  std::vector<std::unique_ptr<Step>> steps_;
  bool gives_bytes_ = false;
};

}  // namespace upcycle
