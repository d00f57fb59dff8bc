// Files of sentencepiece models, trained by the library or made up, and the library's tokens.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sentencepiece_processor.h>

#include "core/tokenizers/piece_model.h"

namespace upcycle {

// The bytes of a file that says what `model` says.
std::string PieceFile(const PieceModel& model);

// The bytes of a model that the library trains on these lines.
std::string TrainedPieceFile(const std::map<std::string, std::string>& options,
                             const std::vector<std::string>& lines);

// What the library makes of a file and of a text. A test fails where it refuses one.
class PieceLibrary {
 public:
  explicit PieceLibrary(const std::string& file);

  PieceModel Model() const { return ReadPieceModel(processor_.serialized_model_proto()); }
  std::vector<int32_t> Tokens(std::string_view text) const;

 private:
  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace upcycle
