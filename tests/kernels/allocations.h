// How often this program has asked for memory, through malloc and whatever rests on it.
#pragma once

#include <cstdint>

namespace upcycle {

// False under a sanitizer, which has its own malloc.
bool CountsAllocations();

int64_t AllocationsSoFar();

}  // namespace upcycle
