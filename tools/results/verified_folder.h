// A folder that `upcycle publish` wrote against what it would write now.
#pragma once

#include <vector>

#include "tools/results/verified_file.h"

namespace upcycle {

// Every file of it: its tables cell by cell, and all bytes. Throws Error(kInput) where its page is
// none that `upcycle publish` wrote, or its study is not in the ledger.
std::vector<VerifiedFile> VerifyFolder(LedgerReader& ledger, const fs::path& folder);

}  // namespace upcycle
