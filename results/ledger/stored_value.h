// What the ledger holds was written in words of ours; anything else is damage.
#pragma once

#include <exception>
#include <new>

#include "core/error.h"
#include "results/ledger/database.h"

namespace upcycle {

// What `read` makes of the row. Throws Error(kInput) with the path of the ledger and advice where
// it can make nothing of it.
template <typename Read>
auto ReadStored(const Statement& row, Read read) {
  try {
    return read();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(Cause::kInput, row.path().native() + " is damaged: " + error.what() +
                                   "; restore a copy, or move it away to begin a new ledger");
  }
}

}  // namespace upcycle
