// tokens: text becomes a dataset folder (core/data/dataset.h).

#include "core/data/dataset.h"
#include "core/directory_transaction.h"
#include "core/error.h"
#include "core/recipe/canonical.h"
#include "experiments/run/worker.h"

namespace upcycle {

void RunTokensStage(const StageContext& context) {
  const auto data = SettingsFromJson<DataSettings>(context.stage.execution.at("data"));
  if (DatasetFingerprint(data).Hex() != context.stage.settings.at("content")) {
    throw Error(Cause::kInput,
                "the text has changed since the study was planned; run the same command again");
  }
  DirectoryTransaction transaction(context.folder.tokens());
  BuildDataset(data, transaction.path());
  transaction.Commit();
  const Dataset dataset = OpenDataset(context.folder.tokens());
  for (const TokenSet& set : dataset.train) {
    context.journal.Point("tokens/" + set.name + "/train", 0,
                          static_cast<double>(set.tokens.count()));
  }
  for (const TokenSet& set : dataset.validation) {
    context.journal.Point("tokens/" + set.name + "/validation", 0,
                          static_cast<double>(set.tokens.count()));
  }
}

}  // namespace upcycle
