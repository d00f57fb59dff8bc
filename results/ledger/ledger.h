// Opening a ledger: the database of all studies under one root, DIR/ledger.sqlite.
//
// One process writes (results/ledger/ledger_writer.h) while any number read
// (results/ledger/ledger_reader.h): write-ahead logging lets them go on side by side, and each
// reader sees whole transactions only. A commit survives the death of the process; after a loss of
// power the last few may be missing, and the writer takes them from the journals again, since the
// offset is lost with them.
#pragma once

#include "results/ledger/database.h"

namespace upcycle {

// Opens the ledger, makes one where there is none, and brings an older one up to date. Throws
// Error(kInput), and leaves every byte as it is, for a file that is not a ledger or that a newer
// program wrote; Error(kDisk) where it cannot be written.
Database OpenLedgerForWriting(const fs::path& path);

// Opens an existing ledger. Works on a read-only file system too, and while the writer is at work.
Database OpenLedgerForReading(const fs::path& path);

// The same for one short look that leaves no file behind: where the ledger has no log, no process
// has it open, and it is read as it lies. What a writer that begins meanwhile does is not seen, and
// a look that lasts as long as that writer may be wrong.
Database OpenLedgerForAGlance(const fs::path& path);

}  // namespace upcycle
