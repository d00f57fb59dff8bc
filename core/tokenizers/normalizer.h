// "normalizer" of a tokenizer.json: what is done to a text before it is cut.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizers/json_node.h"

namespace upcycle {

class Normalizer {
 public:
  class Step {
   public:
    virtual ~Step() = default;
    virtual std::string Apply(std::string_view text) const = 0;
    // Whether it does the same to two texts as to both joined, where the first ends in an ASCII
    // letter and the second begins with a space.
    virtual bool IsLocal() const { return true; }
  };

  Normalizer() = default;
  // The component; throws Error(kInput) for one that is not supported.
  explicit Normalizer(const JsonNode& node);

  bool empty() const { return steps_.empty(); }
  bool IsLocal() const;
  // `text` is valid UTF-8 and not empty.
  std::string Apply(std::string_view text) const;

 private:
  void Read(const JsonNode& node, int depth);

  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace upcycle
