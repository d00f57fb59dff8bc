// A study as files that can lie beside its recipe: the table in every form, figures, the report,
// and a page that shows them. Equal results give equal bytes, so that the files can be held against
// the ledger later.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/export/table_forms.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {

struct PublishedFile {
  std::string name;                  // in the folder of the study
  std::string bytes;                 // what it holds
  std::optional<TableForm> table{};  // the form in which it holds the study's table, if it does
};

inline constexpr std::string_view kPublishedPage = "README.md";

// The page first. Figures are those that the study's data allow. Throws Error(kInput) for an
// unknown study.
std::vector<PublishedFile> PublishStudy(LedgerReader& ledger, std::string_view study,
                                        bool allow_incomplete = false);

// What the first line of a published page says of itself.
struct PageOrigin {
  std::string study;
  bool allow_incomplete = false;
};

// Empty for a page that somebody else wrote.
std::optional<PageOrigin> OriginOfPage(std::string_view page);

// Every name that a published file may have: what lies under another is somebody else's.
std::vector<std::string> PublishedNames();

}  // namespace upcycle
