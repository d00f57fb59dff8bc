// Which documents were read before: equality of text is equality of a 128-bit hash, so that two
// unlike documents are taken for one less often than memory fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>

#include "core/fingerprint.h"

namespace upcycle {

Fingerprint FingerprintOfText(std::string_view text);

// About 50 bytes of memory a document.
class SeenDocuments {
 public:
  // Whether no equal document was asked about before.
  bool IsNew(std::string_view text);

  // Documents that were not new since the last StartCount, and their bytes.
  int64_t repeated() const { return repeated_; }
  int64_t repeated_bytes() const { return repeated_bytes_; }
  void StartCount() { repeated_ = repeated_bytes_ = 0; }

 private:
  struct Hash {
    size_t operator()(const Fingerprint& fingerprint) const {
      return static_cast<size_t>(fingerprint.high());
    }
  };

  std::unordered_set<Fingerprint, Hash> seen_;
  int64_t repeated_ = 0;
  int64_t repeated_bytes_ = 0;
};

}  // namespace upcycle
