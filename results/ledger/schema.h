// The ledger's tables, their versions, and what may be opened as a ledger at all. The columns are
// explained one by one in results/README.md.
#pragma once

#include <cstdint>
#include <span>

#include "results/ledger/database.h"

namespace upcycle {

// In the header of every ledger (PRAGMA application_id): "UpCy".
inline constexpr int64_t kLedgerApplicationId = 0x55704379;

// Step i brings a ledger from version i to version i + 1, beginning with an empty file. A step that
// was ever published stays as it is.
std::span<const char* const> LedgerMigrations();

// Whether there is a file. Throws Error if the folder cannot be searched.
bool LedgerExists(const fs::path& path);

// Makes a ledger of the newest version at `path`, whole or not at all, with its folder. Does
// nothing if there is one already.
void CreateLedger(const fs::path& path, std::span<const char* const> migrations);

// Throws Error(kInput), and leaves every byte as it is, unless the file is a ledger of at most
// `newest_version`. A newer version that still lies in the write-ahead log is found only after
// opening: RequireKnownVersion says the same then.
void RequireLedger(const fs::path& path, int64_t newest_version);
void RequireKnownVersion(int64_t version, int64_t newest_version, const fs::path& path);

// Takes the missing steps in one exclusive transaction, so that the ledger is of the old version or
// of the new one, whatever happens.
void Migrate(Database& ledger, std::span<const char* const> migrations);

}  // namespace upcycle
