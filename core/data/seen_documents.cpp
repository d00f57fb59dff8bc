#include "core/data/seen_documents.h"

namespace upcycle {

Fingerprint FingerprintOfText(std::string_view text) {
  return Hasher().AddBytes(text.data(), text.size()).Finish();
}

bool SeenDocuments::IsNew(std::string_view text) {
  if (seen_.insert(FingerprintOfText(text)).second) return true;
  ++repeated_;
  repeated_bytes_ += static_cast<int64_t>(text.size());
  return false;
}

}  // namespace upcycle
