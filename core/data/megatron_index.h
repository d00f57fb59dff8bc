// The index of a Megatron-LM dataset (megatron/core/datasets/indexed_dataset.py), little-endian:
//
//   "MMIDIDX\0\0" · uint64 version, 1 · uint8 type of the elements · uint64 sequences S · uint64
//   length of the document index D · int32 lengths[S] · int64 pointers[S] · int64 documents[D] ·
//   maybe int8 modes[S]
//
// A pointer is a sequence's first byte in the .bin. Document d is the sequences [documents[d],
// documents[d + 1]), so that D is one more than there are documents.
#pragma once

#include <cstdint>
#include <vector>

#include "core/data/token_array.h"
#include "core/data/token_span.h"
#include "core/files.h"

namespace upcycle {

struct MegatronIndex {
  TokenElement element = TokenElement::kUint16;
  // The documents' sequences in their order; those of one document that follow each other in the
  // .bin are one span. What has no tokens is left out.
  std::vector<TokenSpan> spans;
  std::vector<int64_t> ends;  // of each document: one past its last span
};

// Throws Error(kInput) where the file is none, is truncated or contradicts itself or the `bytes` of
// the .bin: another version, elements that are no integers, sequences outside of the .bin or
// between two elements, documents out of order or that leave sequences out.
MegatronIndex ReadMegatronIndex(const fs::path& path, int64_t bytes);

}  // namespace upcycle
