#include "core/data/document_starts.h"

#include "core/check.h"

namespace upcycle {

void FindDocumentStarts(std::span<const int32_t> tokens, int64_t length, int32_t end_of_text,
                        std::span<int32_t> starts) {
  UPCYCLE_CHECK_EQ(tokens.size(), starts.size());
  int64_t start = 0;
  for (size_t t = 0; t < tokens.size(); ++t) {
    const int64_t place = static_cast<int64_t>(t) % length;
    if (place == 0 || tokens[t] == end_of_text) start = place;
    starts[t] = static_cast<int32_t>(start);
  }
}

}  // namespace upcycle
