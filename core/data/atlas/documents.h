// The text of a made-up world. A training document tells some of what is true of one subject, in a
// random order and in sentences that vary; each fact is told in kTellings of its subject's
// kDocuments documents, and in one of those twice, in different words. A held-out document does the
// same with another choice, order and wording.
#pragma once

#include <cstdint>
#include <string>

#include "core/data/atlas/world.h"

namespace upcycle::atlas {

inline constexpr int kDocuments = 5;
inline constexpr int kTellings = 3;

// Variants 0 to kDocuments - 1 are training documents, higher ones are held-out.
std::string WriteDocument(const World& world, Subject subject, int64_t variant);

}  // namespace upcycle::atlas
