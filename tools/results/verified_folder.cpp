#include "tools/results/verified_folder.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "results/publication/published_study.h"

namespace upcycle {
namespace {

PageOrigin OriginOf(const fs::path& folder) {
  const fs::path page = folder / kPublishedPage;
  std::error_code none;
  if (fs::exists(page, none)) {
    if (const auto origin = OriginOfPage(ReadTextFile(page))) return *origin;
  }
  throw Error(Cause::kInput,
              fmt::format("{} is no folder of `upcycle publish`, whose {} says which study it is; "
                          "name a file in it for that one's tables",
                          folder.native(), kPublishedPage));
}

VerifiedFile Verified(LedgerReader& ledger, const fs::path& path, const PublishedFile& now) {
  VerifiedFile file = {path, {}};
  if (!fs::exists(path)) {
    file.difference = "is missing";
    return file;
  }
  if (now.table) file.tables = VerifyTables(ledger, path, *now.table);
  if (ReadTextFile(path) == now.bytes || Differs(file)) return file;
  file.difference = now.table && !file.tables.empty()
                        ? "differs from what the ledger gives, though not in a cell of its table"
                        : "differs from what the ledger gives";
  return file;
}

}  // namespace

std::vector<VerifiedFile> VerifyFolder(LedgerReader& ledger, const fs::path& folder) {
  const PageOrigin origin = OriginOf(folder);
  const auto published = PublishStudy(ledger, origin.study, origin.allow_incomplete);
  std::vector<VerifiedFile> files;
  for (const PublishedFile& file : published) {
    files.push_back(Verified(ledger, folder / file.name, file));
  }
  for (const std::string& name : PublishedNames()) {
    const bool is_published =
        std::ranges::any_of(published, [&](const auto& file) { return file.name == name; });
    if (is_published || !fs::exists(folder / name)) continue;
    files.push_back({folder / name, {}, "is of other results: the ledger gives no such file"});
  }
  return files;
}

}  // namespace upcycle
