// tokens: text becomes a dataset folder (core/data/dataset.h).

#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/data/dataset.h"
#include "core/directory_transaction.h"
#include "core/recipe/canonical.h"
#include "experiments/run/planned_content.h"
#include "experiments/run/worker.h"

namespace upcycle {
namespace {

void RecordSets(JournalWriter& journal, const std::vector<TokenSet>& sets, const char* part) {
  for (const TokenSet& set : sets) {
    const std::string prefix = fmt::format("tokens/{}/{}", set.name, part);
    journal.Point(prefix, 0, static_cast<double>(set.tokens->count()));
    if (set.repeated_documents == 0) continue;
    journal.Point(prefix + "/repeated_documents", 0, static_cast<double>(set.repeated_documents));
    journal.Point(prefix + "/repeated_bytes", 0, static_cast<double>(set.repeated_bytes));
    fmt::print(stderr, "{}: left {} documents of {} bytes out of {}, which equal earlier ones\n",
               set.name, set.repeated_documents, set.repeated_bytes, part);
  }
}

}  // namespace

void RunTokensStage(const StageContext& context) {
  const auto data = SettingsFromJson<DataSettings>(context.stage.execution.at("data"));
  const auto planned = context.stage.settings.at("content").get<std::string>();
  RequirePlanned("the text", DatasetFingerprint(data), Fingerprint::FromHex(planned));
  DirectoryTransaction transaction(context.folder.tokens());
  BuildDataset(data, transaction.path());
  transaction.Commit();
  const Dataset dataset = OpenDataset(context.folder.tokens());
  RecordSets(context.journal, dataset.train, "train");
  RecordSets(context.journal, dataset.validation, "validation");
}

}  // namespace upcycle
