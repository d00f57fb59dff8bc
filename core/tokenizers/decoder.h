// "decoder" of a tokenizer.json: the texts of tokens become the text that they stand for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/tokenizers/json_node.h"

namespace upcycle {

class Decoder {
 public:
  class Step {
   public:
    virtual ~Step() = default;
    virtual void Apply(std::vector<std::string>& texts) const = 0;
  };

  // Where a file has none: the texts with spaces between.
  Decoder() = default;
  // The component; throws Error(kInput) for one that is not supported.
  explicit Decoder(const JsonNode& node);

  std::string Decode(std::vector<std::string> texts) const;

 private:
  void Read(const JsonNode& node, int depth);

  std::vector<std::unique_ptr<Step>> steps_;
  std::string between_ = " ";
};

}  // namespace upcycle
