// upcycle: the first weights of a mixture of experts, written part by part, and a comparison of
// both models on held-out text before any training.

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/checkpoints/tensor_folder.h"
#include "core/checksums.h"
#include "core/data/batches.h"
#include "core/data/dataset.h"
#include "core/directory_transaction.h"
#include "experiments/formats/model_folder.h"
#include "experiments/run/result_record.h"
#include "experiments/run/validation.h"
#include "experiments/run/worker.h"
#include "experiments/upcycling/upcycle.h"

namespace upcycle {
namespace {

constexpr int64_t kCompareTokens = 2048;  // of logits
constexpr int64_t kCompareWindows = 32;   // of losses

// The parent, or the branches that were trained on from it.
std::vector<ModelFolder> SourcesOf(const StageContext& context) {
  std::vector<ModelFolder> sources;
  const size_t inputs = context.stage.inputs.size();
  for (size_t i = inputs > 2 ? 2 : 1; i < inputs; ++i) {
    sources.emplace_back(context.Input(i).model());
  }
  return sources;
}

void WriteUpcycled(const fs::path& folder, const UpcycleOrder& order,
                   const std::vector<ModelFolder>& sources, const Dataset& dataset,
                   const fs::path& tokenizer) {
  std::vector<ParentReader> parents;
  for (const ModelFolder& source : sources) {
    parents.push_back([&source](const Part& part) { return source.Values(part); });
  }
  WriteModelDescription(folder, order.target, tokenizer, dataset.tokenizer->EndOfText());
  const Upcycler upcycler(order.target, order.upcycle, order.seed);
  SafetensorsWriter writer(folder / kWeightsFile, EntriesOf(order.target));
  std::vector<float> values;
  for (const Part& part : ListParts(order.target)) {
    const Shape shape = PartShape(part, order.target);
    values.resize(static_cast<size_t>(shape.size()));
    upcycler.Fill(values, part, parents);
    writer.Write(PartName(part, order.target), ConstTensor(values.data(), shape));
  }
  writer.Commit();
}

// A model of a folder, with what it says of the first held-out text.
struct Outputs {
  std::vector<float> logits;
  double loss;
};

Outputs OutputsOf(const ModelFolder& folder, const Dataset& dataset, bool masks_documents,
                  Backend& backend) {
  const Architecture& architecture = folder.architecture();
  const int64_t length = architecture.model.sequence_length;
  const int64_t sequences = std::max<int64_t>(1, kCompareTokens / length);
  ModelBuild build = {{sequences, length, 1}, Purpose::kEvaluate};
  build.masks_documents = masks_documents;
  Transformer model(backend, architecture, build);
  folder.CopyTo(model.parameters(), backend);

  const TokenSet& set = dataset.validation.front();
  const SequentialWindows text(*set.tokens, dataset.tokenizer->EndOfText(), length);
  const int64_t windows = std::min(sequences, text.count());
  std::vector<int32_t> tokens(static_cast<size_t>(windows * length)), targets(tokens.size());
  text.Fill(0, windows, tokens, targets);
  Outputs outputs;
  outputs.logits.resize(tokens.size() * static_cast<size_t>(architecture.vocabulary));
  model.Logits({tokens.data(), targets.data(), windows, length}, {}, outputs.logits.data());
  outputs.loss = Validator(model, dataset, sequences, {}).Loss(set, kCompareWindows).Mean();
  return outputs;
}

double RelativeError(const std::vector<float>& values, const std::vector<float>& expected) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double d = static_cast<double>(values[i]) - static_cast<double>(expected[i]);
    difference += d * d;
    norm += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
  }
  return std::sqrt(difference / norm);
}

}  // namespace

void RunUpcycleStage(const StageContext& context) {
  const UpcycleOrder order = ReadUpcycleOrder(context.stage);
  const Dataset dataset = OpenDataset(context.Input(0).tokens());
  const ModelFolder parent(context.Input(1).model());
  DirectoryTransaction transaction(context.folder.model());
  WriteUpcycled(transaction.path(), order, SourcesOf(context), dataset,
                context.Input(0).tokens() / "tokenizer");
  WriteChecksums(transaction.path());
  transaction.Commit();
  context.LeaveIfStopped();

  const Outputs dense = OutputsOf(parent, dataset, order.masks_documents, context.backend);
  const Outputs upcycled = OutputsOf(ModelFolder(context.folder.model()), dataset,
                                     order.masks_documents, context.backend);
  const auto count = static_cast<int64_t>(dense.logits.size());
  RecordResult(context.journal, "start/logit_error", RelativeError(upcycled.logits, dense.logits),
               0, count);
  RecordResult(context.journal, "start/loss", upcycled.loss, 0, kCompareWindows);
  RecordResult(context.journal, "start/parent_loss", dense.loss, 0, kCompareWindows);
}

}  // namespace upcycle
