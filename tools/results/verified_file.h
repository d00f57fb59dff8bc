// A file whose tables were held against the ledger, as people and programs read it.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/files.h"
#include "results/verification/verify_table.h"

namespace upcycle {

struct VerifiedFile {
  fs::path path;
  std::vector<VerifiedTable> tables;
  // What is wrong with the file beside its tables; empty: nothing that was asked for.
  std::string difference = {};
};

// Every table of a document of this form, made again as it says that it was asked for. What cannot
// be made is said in its `reason`. Throws Error(kInput) where the file cannot be read.
std::vector<VerifiedTable> VerifyTables(LedgerReader& ledger, const fs::path& file, TableForm form);

// Whether anything of it differs from the ledger.
bool Differs(const VerifiedFile& file);

// A line for each table and for each cell that differs, or one for a file without tables.
std::string TextOf(const VerifiedFile& file);
nlohmann::ordered_json JsonOf(const VerifiedFile& file);

// An exit code of the program: kExitDone where all is equal, kExitFailed where something
// differs, kExitBadInput where something could not be checked.
int ExitOf(const std::vector<VerifiedFile>& files);

}  // namespace upcycle
