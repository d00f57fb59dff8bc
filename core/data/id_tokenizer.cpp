#include "core/data/id_tokenizer.h"

#include <string>

#include "core/error.h"

namespace upcycle {

IdTokenizer::IdTokenizer(int64_t vocabulary, int32_t end_of_text)
    : Tokenizer(std::vector<std::string>(static_cast<size_t>(vocabulary)), end_of_text) {}

void IdTokenizer::Encode(std::string_view, std::vector<int32_t>&) const {
  throw Error(Cause::kInput,
              "data.tokenizer is none, so text cannot become tokens; take ready-made tokens, or "
              "name a tokenizer");
}

}  // namespace upcycle
