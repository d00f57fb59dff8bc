// import: a dense model that lies somewhere becomes a stage's model, in float32 to the bit.

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/checkpoints/tensor_folder.h"
#include "core/checksums.h"
#include "core/data/dataset.h"
#include "core/directory_transaction.h"
#include "core/error.h"
#include "experiments/formats/model_folder.h"
#include "experiments/formats/parent_model.h"
#include "experiments/run/planned_content.h"
#include "experiments/run/worker.h"

namespace upcycle {
namespace {

// So many numbers are in memory at a time.
constexpr int64_t kPiece = 1 << 22;

void WriteWeights(const fs::path& path, const Architecture& architecture,
                  const ModelSource& source) {
  SafetensorsWriter writer(path, EntriesOf(architecture));
  std::vector<float> values;
  for (const Part& part : ListParts(architecture)) {
    const Shape shape = PartShape(part, architecture);
    const int64_t columns = shape.rank() == 1 ? 1 : shape[1];
    const int64_t at_a_time = std::max<int64_t>(1, kPiece / columns);
    for (int64_t row = 0; row < shape[0]; row += at_a_time) {
      values.resize(static_cast<size_t>(std::min(at_a_time, shape[0] - row) * columns));
      source.ReadRows(part, row, values);
      writer.Append(PartName(part, architecture), std::as_bytes(std::span(values)));
    }
    source.Release(part);
  }
  writer.Commit();
}

}  // namespace

void RunImportStage(const StageContext& context) {
  const ImportOrder order = ReadImportOrder(context.stage);
  const Dataset dataset = OpenDataset(context.Input(0).tokens());
  ModelSettings asked = order.architecture.model;
  asked.from = order.from.native();
  asked.vocabulary = order.architecture.vocabulary;
  for (const ParentMistake& mistake : FindParentMistakes(asked)) {
    throw Error(Cause::kInput, mistake.message);
  }
  const ModelSource source(order.from);
  RequireTokensOf(*dataset.tokenizer, source);
  RequirePlanned(order.from.native(), ModelFingerprint(source),
                 Fingerprint::FromHex(order.content));
  DirectoryTransaction transaction(context.folder.model());
  WriteModelDescription(transaction.path(), order.architecture,
                        context.Input(0).tokens() / "tokenizer", dataset.tokenizer->EndOfText());
  WriteWeights(transaction.path() / kWeightsFile, order.architecture, source);
  WriteChecksums(transaction.path());
  transaction.Commit();
}

}  // namespace upcycle
